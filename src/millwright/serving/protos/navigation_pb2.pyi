from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ObservationRequest(_message.Message):
    __slots__ = ("image_data", "timestamp", "prev_action", "state", "robot", "bundle")
    IMAGE_DATA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PREV_ACTION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ROBOT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    image_data: bytes
    timestamp: float
    prev_action: _containers.RepeatedScalarFieldContainer[float]
    state: _containers.RepeatedScalarFieldContainer[float]
    robot: str
    bundle: str
    def __init__(self, image_data: _Optional[bytes] = ..., timestamp: _Optional[float] = ..., prev_action: _Optional[_Iterable[float]] = ..., state: _Optional[_Iterable[float]] = ..., robot: _Optional[str] = ..., bundle: _Optional[str] = ...) -> None: ...

class ActionResponse(_message.Message):
    __slots__ = ("action", "confidence", "latency_ms", "digest", "expires")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    action: _containers.RepeatedScalarFieldContainer[float]
    confidence: float
    latency_ms: float
    digest: str
    expires: float
    def __init__(self, action: _Optional[_Iterable[float]] = ..., confidence: _Optional[float] = ..., latency_ms: _Optional[float] = ..., digest: _Optional[str] = ..., expires: _Optional[float] = ...) -> None: ...

class StateRequest(_message.Message):
    __slots__ = ("robot", "bundle")
    ROBOT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    robot: str
    bundle: str
    def __init__(self, robot: _Optional[str] = ..., bundle: _Optional[str] = ...) -> None: ...

class WorldModelState(_message.Message):
    __slots__ = ("latent", "hidden")
    LATENT_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    latent: _containers.RepeatedScalarFieldContainer[float]
    hidden: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, latent: _Optional[_Iterable[float]] = ..., hidden: _Optional[_Iterable[float]] = ...) -> None: ...

class ResetEpisodeRequest(_message.Message):
    __slots__ = ("robot", "bundle")
    ROBOT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    robot: str
    bundle: str
    def __init__(self, robot: _Optional[str] = ..., bundle: _Optional[str] = ...) -> None: ...

class ResetEpisodeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
