"""How the compiled engine lays a run out in integers: the columns of its tables and the places of its scalars.

Everything is int64. The sheet holds one row per instruction, then one per step, quota, function, flow, fate, station,
wait, queue and outage; an instruction names those by their row. `k` holds the scalars, then all counters.
"""

from __future__ import annotations

from costmodel.simulation.counts import BINS, FUNCTION_COUNTS, MOST_DAYS
from costmodel.simulation.plan import TIMERS, Op, Outcome
from costmodel.simulation.tables import CELLS

NONE = -1
NEVER = 2**62
FOR_EVER = 2 * NEVER - 1  # later than any event
MOST_AHEAD_NS = 2**28  # how far a strand may go ahead of the clock: a quarter of a second

PLAIN_WORK, PLAIN_CALL = len(Op), len(Op) + 1  # instructions that strands may carry out ahead of the clock

# Columns of the sheet. An instruction's own first:
OP, KEY, LUCK, A, B, JUMP, STEP, NUMBER = range(8)  # luck: the key of retries, or of duplicates
# NUMBER of work: its law's only value, or NONE; of a fork: its branches; of what moves money: whether a duplicate does
SHEET_COLUMNS = 8
# a service call's step (certain: its law's only value, or NONE; rare: the row of what few calls need, or NONE)
LAW, CERTAIN, OUTAGE, QUOTAS_AT, QUOTAS, STEP_K, RARE = range(7)
# each quota of a step, in the lists: its bucket's place in k, the ns that one call (or chunk) costs, its depth, and how
# many ns' worth of tokens must be left since strands may be ahead of the clock
BUCKET, COST, DEPTH, SPARE = range(4)
BEFORE = 1  # in k, behind until when a bucket is empty: what stood there before the last tokens were taken
QUOTA_NUMBERS = 4
# what calls that scan or store need (of moment: whether, until the table fills a page, what comes first matters)
CHUNK, TABLE_K, ROW_BYTES, PAGE_BYTES, STORES, ADDS, OF_MOMENT = range(7)
# a function
TIMEOUT, RESERVED, INITS_AT, INITS, FUNCTION_K = range(5)
# a flow (trigger: 1 for a payment's)
START_PC, OF_PAYMENT, FLOW_QUEUE, MOST, GROUPED, FLOW_K, FIRES_AT, FIRES = range(8)
# a fate
FATE_KEY, SHARE, FATE_LAW = range(3)
# a station
SERVERS, CAPACITY, STATION_K = range(3)
# a wait (due: where in the lists its instants stand, or NONE)
DUE_AT, DELAY = range(2)
# a queue
LINES_AT, LINES, RETURNED_K = range(3)
# a service's outages: their starts in the lists, then their ends
SPANS_AT, SPANS, OUTAGE_K = range(3)

# Columns of a strand, and of a frame: both are records of the same pool, of two cache lines, the busy columns first.
# A strand's payout stands above the bit that it is its provider's first; what holds it counts frames that may yet
# call for it, above its asynchronous retries and the bits that it is measured, is over, and is a schedule's run.
(PC, FRAME, PAYMENT, RUN, REPEAT, ATTEMPT, FLOW, HOLDS, CUT, BORN, PLACES, PAYOUT, BATCH, JOIN, TIMER, _) = range(16)
MEASURED, OVER, SCHEDULED, TRY, HOLD = 1, 2, 4, 8, 2**12  # in HOLDS
MOST_TRIES = HOLD // TRY - 1
(LEAST, WEAKEST, PARENT, ALIVE, DEADLINE, FUNCTION, ENVIRONMENT, SINCE, FRAME_PC, CALLER, MONTH, COHORT,
 REFERENCES, FRAME_DEPTH) = range(14)  # fmt: skip
# A place at a station is a record, too: next among those that wait there, and below among its strand's places
OF_STRAND, PLACE_STATE, PLACE_NEXT, PLACE_STATION, PLACE_DEPTH, PLACE_BELOW, PLACE_USERS = range(7)
WAITED_FOR, TAKEN, GIVEN_UP = range(3)
RECORD_COLUMNS = 16

# Columns of a cell: a join, an environment, a batch, one that came back, or a letter (a strand to come)
CELL_COLUMNS = 4
LEFT, JOIN_PARENT, JOIN_PC, FAILED = range(4)
ENV_BORN, ENV_IDLE, ENV_NEXT = range(3)
BATCH_PAGE, BATCH_AT, ENTRIES_LEFT = range(3)
BACK_BATCH, BACK_DUE, BACK_ORDINAL, BACK_NEXT = range(4)
TO_FLOW, TO_PAYMENT, TO_REPEAT, TO_RUN = range(4)
ON_PROVISIONED = -2  # stands for the environment of a frame

# Calendar events and work to do next, in the lowest bits of a word beside their subject
KIND_BITS = 4
KINDS = 2**KIND_BITS
GO, CUT_OFF, THROW, ARRIVE, FIRE, LETTER, RELEASED, RESUME, BATCHES, MORE_BATCHES, TOO_LATE, WATCH = range(12)
# columns of the calendar (filed: when the event was scheduled; before that: when the event was that scheduled it)
AT, FILED, BEFORE_THAT, EID, WHAT = range(5)
CALENDAR_COLUMNS = 5
AHEAD = 1  # in EID: filed by a strand that was ahead of the clock; else even
EIDS_APART = 2

# What an instruction comes to; from 0 on, the nanoseconds to wait
NEXT, WAITS, FAILS, ENDS, IN_ORDER = -1, -2, -3, -4, -5

# Why the kernel comes back
DONE, PAUSED, GROW, FAULTY, IN_DOUBT = range(5)
INDEX_FAULT = 1

# Places in k: what changes …
(NOW, EIDS, EVENTS, PENDING, ORDINAL, SHARED_BUSY, REFUSED, THROTTLED, DUPLICATES, EVENT_RETRIES,
 DEAD_LETTERS, UNDER_WAY, TURNED_AWAY, NEAR_N, FAR_N, HORIZON,
 STACK_N, RECORD_POOL, _RECORDS, CELL_POOL, _CELLS, PAGE_POOL, _PAGES, MONEY_N, LOW, FAULT, MARGIN,
 NEAR_MOST, NAMED, UNTIL, NEAR_ROOM, FAR_ROOM, STACK_ROOM, MONEY_SLOTS, COMMON,
 TODAY, PAGES_MARGIN, MOST_SORTED, UNSURE, AHEAD_NS, IS_AHEAD, FAR_MOST,
 BEFORE_NOW, # … what the plan and the payments say
 START, END, API_TIMEOUT, KEEP_ALIVE, LIFE, SHARED, SCALE_INTERVAL, SCALE_DEPTH, INCREMENT, INIT_BILLED,
 LAMBDA_OUTAGE, ATTEMPTS, BASE, LONGEST, DELAYS_AT, DELAYS, REQUEUE_BASE, REQUEUE_MOST, REQUEUE_AGE, DUPLICATE_SHARE,
 RISK_KEY, RISK_LAW, REVIEW_ABOVE, BLOCK_ABOVE, CRITICAL_ABOVE, BATCHES_AT_ONCE, MOST_UNDER_WAY,
 PARTS, PER_PROVIDER, COMMISSION,
 FIRST_MEASURED, PAYMENTS, TRACED, MIDNIGHTS_AT, MIDNIGHTS, BANK_DAYS_AT, FLOW_OF_METHOD, _FLOW_OF_ACH,
 FIRST_OF_DAY_K, DAYS_BEGUN, SCALARS) = range(84)  # fmt: skip
# … and counters in places that do not depend on the plan
OUTCOMES = SCALARS
LATENCY_SUM = OUTCOMES + 2 * len(Outcome)
LATENCY_MAX = LATENCY_SUM + len(TIMERS)
SETTLED = LATENCY_MAX + len(TIMERS)
PAID = SETTLED + MOST_DAYS
LATENCY = PAID + MOST_DAYS
FIXED = LATENCY + len(TIMERS) * BINS

# Payments that are drawn from their numbers: what from, and how far their arrivals have come
(DRAWN, EXACT, ARRIVAL_KEY, AMOUNT_KEY, METHOD_KEY, PROVIDER_KEY, ACH_BELOW, ACCOUNTS, TIE, POSITION, CELL, BEFORE_AT,
 BEFORE_EDGES, AFTER_AT, AFTER_EDGES, DEMAND_PLACES) = range(16)  # fmt: skip
SCALE, THRESHOLD, PACE_BEFORE, PACE_AFTER, CURVES = range(5)  # curves: edges of cells, then heights at them
SPACING_LAW, TICKET_LAW = range(2)

# A pool of rows: the first free one (its own first column names the next), and how many are left
FREE, LEFT_FREE = range(2)

# Counters of a step, each for month and cohort
CALLS, CHUNKS, STORED = 0, 2, 4
STEP_COUNTERS = 6
# of a function: its counts for month, then for cohort, then its pool
FUNCTION_KINDS = len(FUNCTION_COUNTS)
BUSY, PEAK, IDLE, READY, SCALE_EMPTY = range(2 * FUNCTION_KINDS, 2 * FUNCTION_KINDS + 5)
FUNCTION_COUNTERS = 2 * FUNCTION_KINDS + 5
# of a service's outages: the next one to end, whether it is on, and until when that does not change
SPAN, IS_OUT, OUT_UNTIL = range(3)
# of a station, of a schedule's firing, of a line of money, of a queue's returned batches
(USERS, WAITING, QUEUE_HEAD, QUEUE_TAIL, CHANGED, MOST_WAITING, TAKEN_S, TAKEN_NS, WAITED_S, WAITED_NS) = range(10)
STATION_COUNTERS = 10
FIRING, PART, UP_TO, FIRED_NS, RUNNING = range(5)
FLOW_COUNTERS = 5
HEAD_PAGE, HEAD_AT, TAIL_PAGE, TAIL_AT = range(4)
BACK_HEAD, BACK_TAIL = range(2)

LAW_COLUMNS = 2 * (CELLS + 1)

ENTRIES = 512  # money entries of a page: two words each
PAGE_NEXT = 2 * ENTRIES
PAGE_COLUMNS = PAGE_NEXT + 1
ORDINAL_BITS = 32  # in a line: due time, then the payment above the entry's ordinal
# in a batch: the payment, then twice its payout plus whether it is its provider's first

# Amounts below COMMON cents have a place each (their times alone), name by name; the others stand in a hash table.
MONEY_KEY, MONEY_TIMES = range(2)  # times: those of the month above the bits of the cohort's
TIMES_BITS = 32
_CARD, _ACH, PAYOUT_NAME, MOVED_TWICE = range(4)
MONEY_NAMES = ("card", "ach", "payout", "moved_twice")
MONEY_BITS = 2

# The tables of the kernel's two blocks: kind of number, and columns
BOOK = {
    "sheet": ("int64", SHEET_COLUMNS),
    "lists": ("int64", 1),
    "laws": ("int64", LAW_COLUMNS),
    "arrival": ("int64", 1),
    "amount": ("int64", 1),
    "method": ("int8", 1),
    "provider": ("int32", 1),
    "demand": ("int64", 1),
    "drawn": ("int64", LAW_COLUMNS),
    "reals": ("float64", 1),
}
STATE = {
    "k": ("int64", 1),
    "records": ("int64", RECORD_COLUMNS),
    "cells": ("int64", CELL_COLUMNS),
    "near": ("int64", CALENDAR_COLUMNS),
    "far": ("int64", CALENDAR_COLUMNS),
    "sorting": ("int64", CALENDAR_COLUMNS),
    "stack": ("int64", 1),
    "pages": ("int64", PAGE_COLUMNS),
    "money": ("int64", 2),
    "common": ("int64", 1),
    "trace": ("int64", 1),
}
