"""get_change_events through the official native client: the Python one has its code, but no method and no records for it."""

import ctypes

from tigerbeetle.bindings import Operation
from tigerbeetle.lib import c_uint128

SINGLE_PHASE, PENDING, POSTED, VOIDED, EXPIRED = range(5)


class Record(ctypes.Structure):
    """A record that the client takes and gives as it is."""

    @classmethod
    def from_param(cls, record):
        return record

    def to_python(self):
        return type(self).from_buffer_copy(self)


class ChangeEventsFilter(Record):
    _fields_ = [("timestamp_min", ctypes.c_uint64), ("timestamp_max", ctypes.c_uint64), ("limit", ctypes.c_uint32), ("reserved", ctypes.c_uint8 * 44)]


def account_fields(side):
    return [(f"{side}_account_{name}", kind) for name, kind in [
        ("id", c_uint128), ("debits_pending", c_uint128), ("debits_posted", c_uint128), ("credits_pending", c_uint128), ("credits_posted", c_uint128),
        ("user_data_128", c_uint128), ("user_data_64", ctypes.c_uint64), ("user_data_32", ctypes.c_uint32), ("code", ctypes.c_uint16),
        ("flags", ctypes.c_uint16)]]


class ChangeEvent(Record):
    _fields_ = [("transfer_id", c_uint128), ("transfer_amount", c_uint128), ("transfer_pending_id", c_uint128), ("transfer_user_data_128", c_uint128),
                ("transfer_user_data_64", ctypes.c_uint64), ("transfer_user_data_32", ctypes.c_uint32), ("transfer_timeout", ctypes.c_uint32),
                ("transfer_code", ctypes.c_uint16), ("transfer_flags", ctypes.c_uint16), ("ledger", ctypes.c_uint32), ("type", ctypes.c_uint8),
                ("reserved", ctypes.c_uint8 * 39), *account_fields("debit"), *account_fields("credit"), ("timestamp", ctypes.c_uint64),
                ("transfer_timestamp", ctypes.c_uint64), ("debit_account_timestamp", ctypes.c_uint64), ("credit_account_timestamp", ctypes.c_uint64)]

    def integer(self, field):
        """Of a field of 128 bits too."""
        value = getattr(self, field)
        return value if isinstance(value, int) else value.to_python()

    def balances(self, side):
        return tuple(self.integer(f"{side}_account_{name}") for name in ("debits_pending", "debits_posted", "credits_pending", "credits_posted"))


assert ctypes.sizeof(ChangeEventsFilter) == 64 and ctypes.sizeof(ChangeEvent) == 384


def get_change_events(client, timestamp_min=0, timestamp_max=0, limit=2730):
    asked = ChangeEventsFilter(timestamp_min=timestamp_min, timestamp_max=timestamp_max, limit=limit)
    return client._submit(Operation.GET_CHANGE_EVENTS, [asked], ChangeEventsFilter, ChangeEvent)
