"""patience: how slow the machine may be."""

import os

PATIENCE = int(os.environ.get("PEARPD_PATIENCE", "1"))  # how many times slower the machine is, at most
