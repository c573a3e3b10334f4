from ivr.web.chart import Column, stacked


def test_columns_stand_on_each_other_and_side_by_side() -> None:
    drawn = stacked([Column("a", (1, 3), "A"), Column("b", (2, 0), "B")], height=80, labels=2)
    assert drawn.most == 4
    assert [(bar.x, bar.width, bar.y, bar.height, bar.series) for bar in drawn.bars] == [
        (6.0, 38.0, 60.0, 20.0, 0),
        (6.0, 38.0, 0.0, 60.0, 1),
        (56.0, 38.0, 40.0, 40.0, 0),
    ]
    assert drawn.labels == [(25.0, "a"), (75.0, "b")]
    assert drawn.whole == [(0, 50.0, "A"), (50.0, 50.0, "B")]


def test_many_columns_have_few_labels_and_nothing_is_a_chart() -> None:
    many = [Column(str(n), (0,), "") for n in range(31)]
    assert [label for _, label in stacked(many, height=80, labels=8).labels] == [
        "0", "4", "8", "12", "16", "20", "24", "28",
    ]  # fmt: skip
    assert stacked([], height=80, labels=8).bars == []
