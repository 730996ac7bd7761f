"""paho, made to fit: over a stream that is already connected, without its own queue, with PUBLISH read by our code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.subscribeoptions import SubscribeOptions

from shared.bus.packets import Incoming, Subscription, Will, publish_of
from shared.bus.wire import Wire

MQTT5 = MQTTProtocolVersion.MQTTv5
MQTT311 = MQTTProtocolVersion.MQTTv311
SESSION_EXPIRY = 24 * 3600
RECEIVE_MAXIMUM = 64
MAXIMUM_PACKET = 2 * 1024 * 1024


class PahoClient(Client):
    """One connection's client. `arrived` gets every message; acknowledging is the caller's."""

    def __init__(
        self, wire: Wire, arrived: Callable[[Incoming], None], *, client_id: str, version: MQTTProtocolVersion
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=version,
            clean_session=None if version is MQTT5 else False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.max_inflight_messages = 0  # the window is kept in `outgoing`, which survives this connection
        self.suppress_exceptions = True
        self._wire = wire
        self._take_in = arrived

    def _create_socket(self) -> Any:
        return self._wire

    def _handle_publish(self) -> MQTTErrorCode:
        try:
            message = publish_of(self._in_packet["command"], self._in_packet["packet"], self.protocol is MQTT5)
        except ValueError:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        self._take_in(message)
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def session(version: MQTTProtocolVersion) -> dict[str, Any]:
    """What CONNECT asks for beside the usual: a session that outlives the connection, and a bound on what comes."""
    if version is not MQTT5:
        return {}
    properties = PahoProperties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_EXPIRY
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = MAXIMUM_PACKET
    return {"clean_start": False, "properties": properties}


def will_properties(will: Will, version: MQTTProtocolVersion) -> PahoProperties | None:
    """The delay of the will: a client that is back by then was never lost."""
    if version is not MQTT5:
        return None
    properties = PahoProperties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    properties.WillDelayInterval = will.delay
    return properties


def options(one: Subscription, version: MQTTProtocolVersion) -> SubscribeOptions | int:
    """How to subscribe: commands with the retain flag as published, and old retained copies once a session only."""
    if version is not MQTT5:
        return one.qos
    if not one.commands:
        return SubscribeOptions(qos=one.qos)
    return SubscribeOptions(qos=one.qos, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
