"""paho, made to fit: over a stream that is already connected, for everything but PUBLISH and PUBACK (`framing`)."""

from __future__ import annotations

from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.subscribeoptions import SubscribeOptions

from shared.bus.packets import Subscription
from shared.bus.wire import Wire

MQTT5 = MQTTProtocolVersion.MQTTv5
MQTT311 = MQTTProtocolVersion.MQTTv311
SESSION_EXPIRY = 24 * 3600
RECEIVE_MAXIMUM = 64
MAXIMUM_PACKET = 2 * 1024 * 1024


class PahoClient(Client):
    """One connection's client: it connects, subscribes, pings and says goodbye."""

    def __init__(self, wire: Wire, *, client_id: str, version: MQTTProtocolVersion) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=version,
            clean_session=None if version is MQTT5 else False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.suppress_exceptions = True
        self._wire = wire

    def _create_socket(self) -> Any:
        return self._wire

    def next_packet_id(self) -> int:
        """For a PUBLISH: subscriptions take theirs from the same numbers."""
        return self._mid_generate()


def session(version: MQTTProtocolVersion) -> dict[str, Any]:
    """What CONNECT asks for beside the usual: a session that outlives the connection, and a bound on what comes."""
    if version is not MQTT5:
        return {}
    properties = PahoProperties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_EXPIRY
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = MAXIMUM_PACKET
    return {"clean_start": False, "properties": properties}


def options(one: Subscription, version: MQTTProtocolVersion) -> SubscribeOptions | int:
    """How to subscribe: commands with the retain flag as published, and old retained copies once a session only."""
    if version is not MQTT5:
        return one.qos
    if not one.commands:
        return SubscribeOptions(qos=one.qos)
    return SubscribeOptions(qos=one.qos, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
