from ivr.cli.app import main

main()
