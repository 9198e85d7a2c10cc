-- What webhooks were told, and what waits to be told them. Portable: both stores run this text.
CREATE INDEX effects_deliveries ON effects (target, number)
    WHERE kind IN ('deliver', 'try_webhook');
CREATE INDEX effects_deliveries_open ON effects (target)
    WHERE kind IN ('deliver', 'try_webhook') AND state IN ('waiting', 'calling', 'unknown');
