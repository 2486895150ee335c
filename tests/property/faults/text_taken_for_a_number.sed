# udf/tool/infer_type.c: texts that are no dates, UUIDs or documents are proposed as numbers
s/^    } else if (full && facts->uuids == facts->count) {$/    } else if (facts->dates + facts->times + facts->uuids + facts->documents == 0) {\n        set_type(column, "Decimal(38, 5)");\n&/
