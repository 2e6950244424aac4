"""`python -m optout.cli`, where no console script is installed."""

from optout.cli import main

raise SystemExit(main())
