"""Tables of integers that the kernel reaches through one address: no copies of array headers, no reference counts.

A `Block` holds the addresses of numpy arrays. Compiled code gets the block's own address, and writes `z.records[row,
column]` as with arrays; the number of columns is known when it is compiled. Indexes are not checked.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_global, signature
from numba.extending import infer_getattr, intrinsic, lower_builtin, lower_getattr_generic, register_model

from costmodel.simulation import layout as at

BITS = {"int8": 8, "int32": 32, "int64": 64, "float64": 64}
WORD = ir.IntType(64)
CACHE_LINE = 2**3  # words


class TableType(types.Type):
    """A table of so many columns; what is read from it is an int64, or a float64."""

    def __init__(self, kind: str, columns: int) -> None:
        self.bits, self.columns, self.floats = BITS[kind], columns, kind == "float64"
        super().__init__(name=f"costmodel.Table({kind}, {columns})")


class BlockType(types.Type):
    """A block of tables by name."""

    def __init__(self, name: str, tables: dict[str, tuple[str, int]]) -> None:
        self.places = {table: place for place, table in enumerate(tables)}
        self.tables = {table: TableType(*shape) for table, shape in tables.items()}
        super().__init__(name=f"costmodel.Block({name})")


register_model(TableType)(models.OpaqueModel)
register_model(BlockType)(models.OpaqueModel)
BOOK_TYPE, STATE_TYPE = BlockType("book", at.BOOK), BlockType("state", at.STATE)


class Block:
    """Arrays in the order of a block's tables, and the address under which compiled code finds them."""

    def __init__(self, tables: dict[str, tuple[str, int]], arrays: dict[str, Any]) -> None:
        self.arrays = arrays
        for name, (kind, columns) in tables.items():
            array = arrays[name]
            assert array.flags.c_contiguous and array.dtype == kind and array.size % columns == 0, name
        self.addresses = np.array([arrays[name].ctypes.data for name in tables], np.uint64)
        self.address = int(self.addresses.ctypes.data)


def on_cache_lines(rows: int, columns: int) -> npt.NDArray[np.int64]:
    """An array whose first row begins on a cache line; its values are not set."""
    whole = np.empty(rows * columns + CACHE_LINE, np.int64)
    begin = -whole.ctypes.data // 8 % CACHE_LINE
    return whole[begin : begin + rows * columns].reshape(rows, columns)


def _at_address(block: BlockType) -> Any:
    @intrinsic
    def at_address(typingctx: Any, address: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(block))

        return block(types.int64), build

    return at_address


book_at, state_at = _at_address(BOOK_TYPE), _at_address(STATE_TYPE)


@infer_getattr
class BlockAttribute(AttributeTemplate):  # type: ignore[misc]
    """`block.table`."""

    key = BlockType

    def generic_resolve(self, block: Any, name: str) -> Any:
        """The type of one of its tables."""
        return block.tables.get(name)


@lower_getattr_generic(BlockType)
def _table(context: Any, builder: Any, block: Any, value: Any, name: str) -> Any:
    """The table's address; it stays the same while compiled code runs."""
    addresses = builder.bitcast(value, WORD.as_pointer())
    place = builder.gep(addresses, [WORD(block.places[name])])
    address = builder.load(place)
    address.set_metadata("invariant.load", builder.module.add_metadata([]))
    return builder.inttoptr(address, context.get_value_type(block.tables[name]))


def _index_type(index: Any) -> Any:
    """The index as int64: of a row and a column, or of a place."""
    if isinstance(index, types.Integer):
        return types.int64
    if isinstance(index, types.BaseTuple) and len(index) == 2:
        return types.UniTuple(types.int64, 2)
    return None


@infer_global(operator.getitem)
class TableGet(AbstractTemplate):  # type: ignore[misc]
    """`table[row, column]`."""

    def generic(self, args: Any, kws: Any) -> Any:
        """An int64 or a float64."""
        index = _index_type(args[1]) if isinstance(args[0], TableType) else None
        return index and signature(types.float64 if args[0].floats else types.int64, args[0], index)


@infer_global(operator.setitem)
class TableSet(AbstractTemplate):  # type: ignore[misc]
    """`table[row, column] = value`."""

    def generic(self, args: Any, kws: Any) -> Any:
        """The value is taken as int64."""
        index = _index_type(args[1]) if isinstance(args[0], TableType) else None
        return index and signature(types.none, args[0], index, types.int64)


def _place(builder: Any, table: Any, pointer: Any, index: Any) -> Any:
    """The address of an element."""
    element = ir.DoubleType() if table.floats else ir.IntType(table.bits)
    if isinstance(index.type, ir.ArrayType):
        row, column = (builder.extract_value(index, part) for part in (0, 1))
        index = builder.add(builder.mul(row, WORD(table.columns), flags=["nsw"]), column, flags=["nsw"])
    return builder.gep(builder.bitcast(pointer, element.as_pointer()), [index], inbounds=True)


@lower_builtin(operator.getitem, TableType, types.UniTuple)
@lower_builtin(operator.getitem, TableType, types.Integer)
def _get(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    table = signature.args[0]
    value = builder.load(_place(builder, table, *args))
    return value if table.bits == BITS["int64"] else builder.sext(value, WORD)


@lower_builtin(operator.setitem, TableType, types.UniTuple, types.Integer)
@lower_builtin(operator.setitem, TableType, types.Integer, types.Integer)
def _set(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    builder.store(args[2], _place(builder, signature.args[0], args[0], args[1]))
    return context.get_dummy_value()
