"""NavigationService over gRPC: calls come in, `Navigation` answers."""

from __future__ import annotations

from typing import cast

import grpc

from millwright.serving.grpc_calls import Calls, Context, check_message, make_reader
from millwright.serving.navigation import Navigation
from millwright.serving.protos import navigation_pb2 as nav
from millwright.serving.refusal import RefusedError

SERVICE = nav.DESCRIPTOR.services_by_name["NavigationService"].full_name
SHORTEST_S = 1e-3
"""Of a deadline that has passed while the call was read: none at all would mean that there is no hurry."""


def make_handler(navigation: Navigation, calls: Calls) -> grpc.GenericRpcHandler:
    """What a gRPC server is given."""
    service = NavigationService(navigation, calls)
    act = grpc.unary_unary_rpc_method_handler(
        service.get_action, make_reader(nav.ObservationRequest), nav.ActionResponse.SerializeToString
    )
    read = grpc.unary_unary_rpc_method_handler(
        service.get_world_model_state, make_reader(nav.StateRequest), nav.WorldModelState.SerializeToString
    )
    begin = grpc.unary_unary_rpc_method_handler(
        service.reset_episode, make_reader(nav.ResetEpisodeRequest), nav.ResetEpisodeResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler(
        SERVICE, {"GetAction": act, "GetWorldModelState": read, "ResetEpisode": begin}
    )


class NavigationService:
    """The methods of the service, as the protocol describes them. A cart without a name is its connection."""

    def __init__(self, navigation: Navigation, calls: Calls) -> None:
        self._navigation, self._calls = navigation, calls

    async def get_action(self, request: nav.ObservationRequest | None, context: Context) -> nav.ActionResponse:
        """Within the call's deadline; after it nobody is planned for."""

        async def answer(client: str) -> nav.ActionResponse | RefusedError:
            left_s = cast("float | None", context.time_remaining())  # gRPC's types leave out that there may be none
            budget_s = 0.0 if left_s is None else max(left_s, SHORTEST_S)
            message = check_message(request, nav.ObservationRequest)
            return await self._navigation.act(message, client, context.peer(), budget_s)

        return await self._calls.answer(context, answer, deadline_s=None)

    async def get_world_model_state(self, request: nav.StateRequest | None, context: Context) -> nav.WorldModelState:
        async def answer(client: str) -> nav.WorldModelState:
            return self._navigation.read_state(check_message(request, nav.StateRequest), client, context.peer())

        return await self._calls.answer(context, answer)

    async def reset_episode(
        self, request: nav.ResetEpisodeRequest | None, context: Context
    ) -> nav.ResetEpisodeResponse:
        async def answer(client: str) -> nav.ResetEpisodeResponse:
            self._navigation.begin(check_message(request, nav.ResetEpisodeRequest), client, context.peer())
            return nav.ResetEpisodeResponse()

        return await self._calls.answer(context, answer)
