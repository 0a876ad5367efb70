"""The workloads of `./dev bench amqp`: one file is one row, listed here in the order in which they run."""

from . import (fanout, flood, idle, many, medium, paced, queued, resident, restart, small, start, topology,
               transient)

ROWS = [module.Row for module in (small, medium, transient, paced, resident, flood, queued, fanout, many, topology,
                                  restart, idle, start)]
