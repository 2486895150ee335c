"""The settings of connectors that people use. Each is one connector over tables of its own."""
from dataclasses import dataclass, field

UNWRAP = {"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState"}
FLATTEN = {"transforms": "flatten", "transforms.flatten.type": "org.apache.kafka.connect.transforms.Flatten$Value",
           "transforms.flatten.delimiter": "."}
ROUTER = {"transforms": "outbox", "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter"}


@dataclass(frozen=True)
class Setting:
    """`form` is what a message's value looks like: envelope, row (nothing added), unwrap (with __op or __deleted), flat, router."""
    name: str
    form: str = "envelope"
    schemas: bool = False
    decimal: str = "precise"
    time: str = "adaptive"
    interval: str = "numeric"
    unsigned: str = "long"
    extra: dict = field(default_factory=dict, hash=False, compare=False)

    def config(self) -> dict:
        return {"value.converter.schemas.enable": str(self.schemas).lower(), "decimal.handling.mode": self.decimal,
                "time.precision.mode": self.time, **self.extra}


POSTGRES = [
    Setting("defaults", schemas=True),
    Setting("noschemas"),
    Setting("string", decimal="string"),
    Setting("double", decimal="double", schemas=True),
    Setting("adaptive_time", time="adaptive_time_microseconds", schemas=True),
    Setting("connect", time="connect", schemas=True),
    Setting("isostring", time="isostring", decimal="string", interval="string"),
    Setting("microseconds", time="microseconds"),
    Setting("row", form="row", extra=UNWRAP),
    Setting("row_schemas", form="row", schemas=True, extra=UNWRAP),
    Setting("unwrap_fields", form="unwrap", extra=UNWRAP | {"transforms.unwrap.add.fields": "op,table,lsn,source.ts_ms"}),
    Setting("unwrap_rewrite", form="unwrap", schemas=True,
            extra=UNWRAP | {"transforms.unwrap.delete.tombstone.handling.mode": "rewrite"}),
    Setting("flatten", form="flat", extra=FLATTEN),
    Setting("flatten_schemas", form="flat", schemas=True, extra=FLATTEN),
    Setting("router", form="router", extra=ROUTER),
]

# Debezium for MariaDB knows no time.precision.mode=adaptive.
MICROS = "adaptive_time_microseconds"
MARIADB = [
    Setting("defaults", schemas=True, time=MICROS),
    Setting("noschemas", time=MICROS, unsigned="precise"),
    Setting("string", time=MICROS, decimal="string"),
    Setting("double", time=MICROS, decimal="double", schemas=True, unsigned="precise"),
    Setting("connect", time="connect", schemas=True),
    Setting("isostring", time="isostring", decimal="string"),
    Setting("microseconds", time="microseconds", schemas=True, unsigned="precise"),
    Setting("row", form="row", time=MICROS, extra=UNWRAP),
    Setting("row_schemas", form="row", time=MICROS, schemas=True, unsigned="precise", extra=UNWRAP),
    Setting("unwrap_fields", form="unwrap", time=MICROS,
            extra=UNWRAP | {"transforms.unwrap.add.fields": "op,table,source.pos,source.ts_ms"}),
    Setting("unwrap_rewrite", form="unwrap", time=MICROS, schemas=True,
            extra=UNWRAP | {"transforms.unwrap.delete.tombstone.handling.mode": "rewrite"}),
    Setting("flatten", form="flat", time=MICROS, extra=FLATTEN),
    Setting("router", form="router", time=MICROS, extra=ROUTER),
]
