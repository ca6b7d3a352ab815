from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ("bundle",)
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    bundle: str
    def __init__(self, bundle: _Optional[str] = ...) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("bundle", "digest", "inputs", "action", "chunk_length", "rate_hz", "env", "bundles", "remembers")
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CHUNK_LENGTH_FIELD_NUMBER: _ClassVar[int]
    RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    BUNDLES_FIELD_NUMBER: _ClassVar[int]
    REMEMBERS_FIELD_NUMBER: _ClassVar[int]
    bundle: str
    digest: str
    inputs: _containers.RepeatedCompositeFieldContainer[Feature]
    action: Feature
    chunk_length: int
    rate_hz: float
    env: str
    bundles: _containers.RepeatedScalarFieldContainer[str]
    remembers: bool
    def __init__(self, bundle: _Optional[str] = ..., digest: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., action: _Optional[_Union[Feature, _Mapping]] = ..., chunk_length: _Optional[int] = ..., rate_hz: _Optional[float] = ..., env: _Optional[str] = ..., bundles: _Optional[_Iterable[str]] = ..., remembers: _Optional[bool] = ...) -> None: ...

class Feature(_message.Message):
    __slots__ = ("name", "shape", "dtype", "unit", "frame", "names")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    name: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    unit: str
    frame: str
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., unit: _Optional[str] = ..., frame: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ...) -> None: ...

class ActRequest(_message.Message):
    __slots__ = ("bundle", "robot", "sequence", "observed_at_s", "budget_s", "after", "observation")
    class ObservationEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    ROBOT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_S_FIELD_NUMBER: _ClassVar[int]
    BUDGET_S_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    bundle: str
    robot: str
    sequence: int
    observed_at_s: float
    budget_s: float
    after: int
    observation: _containers.MessageMap[str, Value]
    def __init__(self, bundle: _Optional[str] = ..., robot: _Optional[str] = ..., sequence: _Optional[int] = ..., observed_at_s: _Optional[float] = ..., budget_s: _Optional[float] = ..., after: _Optional[int] = ..., observation: _Optional[_Mapping[str, Value]] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("array", "text", "png", "jpeg")
    ARRAY_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PNG_FIELD_NUMBER: _ClassVar[int]
    JPEG_FIELD_NUMBER: _ClassVar[int]
    array: Array
    text: str
    png: bytes
    jpeg: bytes
    def __init__(self, array: _Optional[_Union[Array, _Mapping]] = ..., text: _Optional[str] = ..., png: _Optional[bytes] = ..., jpeg: _Optional[bytes] = ...) -> None: ...

class Array(_message.Message):
    __slots__ = ("dtype", "shape", "data")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    dtype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    def __init__(self, dtype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ...) -> None: ...

class ActResponse(_message.Message):
    __slots__ = ("robot", "sequence", "chunk", "refusal")
    ROBOT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    robot: str
    sequence: int
    chunk: Chunk
    refusal: Refusal
    def __init__(self, robot: _Optional[str] = ..., sequence: _Optional[int] = ..., chunk: _Optional[_Union[Chunk, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("actions", "rate_hz", "confidence", "observed_at_s", "expires_at_s", "digest", "remembered", "stage_seconds")
    class StageSecondsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_S_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_S_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    REMEMBERED_FIELD_NUMBER: _ClassVar[int]
    STAGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    actions: Array
    rate_hz: float
    confidence: float
    observed_at_s: float
    expires_at_s: float
    digest: str
    remembered: bool
    stage_seconds: _containers.ScalarMap[str, float]
    def __init__(self, actions: _Optional[_Union[Array, _Mapping]] = ..., rate_hz: _Optional[float] = ..., confidence: _Optional[float] = ..., observed_at_s: _Optional[float] = ..., expires_at_s: _Optional[float] = ..., digest: _Optional[str] = ..., remembered: _Optional[bool] = ..., stage_seconds: _Optional[_Mapping[str, float]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class ResetRequest(_message.Message):
    __slots__ = ("bundle", "robot")
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    ROBOT_FIELD_NUMBER: _ClassVar[int]
    bundle: str
    robot: str
    def __init__(self, bundle: _Optional[str] = ..., robot: _Optional[str] = ...) -> None: ...

class ResetResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
