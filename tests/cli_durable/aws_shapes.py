"""AWS's own description of its API, as the judge of what the command prints.

Knows botocore's service model; nothing of our service.
"""

from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

_LAMBDA = ServiceModel(Loader().load_service_model("lambda", "service-2", "2015-03-31"), "lambda")


def faults(operation: str, answer: Any) -> list[str]:
    """What AWS's model finds wrong with `answer` as the output of `operation`; empty when nothing is.

    Checked: required members, unknown members, types, lengths and ranges (botocore's own validator), and beyond it
    that every value of an enumeration is one of its values and every time is a number of seconds.
    """
    shape = _LAMBDA.operation_model(operation).output_shape
    report = ParamValidator().validate(answer, shape)
    return ([report.generate_report()] if report.has_errors() else []) + list(_deeper(answer, shape, operation))


def _deeper(value: Any, shape: Any, where: str) -> list[str]:
    match shape.type_name:
        case "structure":
            known = [name for name in value if name in shape.members]
            return [fault for name in known for fault in _deeper(value[name], shape.members[name], f"{where}.{name}")]
        case "list":
            return [fault for one in value for fault in _deeper(one, shape.member, f"{where}[]")]
        case "timestamp":
            return [] if isinstance(value, int | float) else [f"{where}: {value!r} is no number of seconds"]
        case "string" if shape.enum and value not in shape.enum:
            return [f"{where}: {value!r} is none of {shape.enum}"]
        case _:
            return []
