"""The fixed statements of the way in of alerts; what each costs is paid for every delivery."""

from bot.store.tx import among

CHUNK = 32
"""Values looked up by one statement, which is the same one each time."""

SEE = (
    "INSERT INTO alert_seen (key, status, at, delivery, logged) VALUES (?, ?, ?, ?, 1) "
    "ON CONFLICT (key) DO UPDATE SET status = excluded.status, at = excluded.at, "
    "delivery = excluded.delivery, logged = 1 WHERE alert_seen.status <> excluded.status "
    "AND (excluded.status = 'resolved' OR alert_seen.at <= ?)"
)
SEEN_BY = among("SELECT key, delivery FROM alert_seen WHERE key IN ", CHUNK)
UNLOGGED = "UPDATE alert_seen SET logged = 0 WHERE delivery = ? AND key = ?"
KNOWN = among(
    "SELECT dedupe, incidents FROM delivery WHERE source = ? AND route = ? AND dedupe IN ", CHUNK
)
KEEP = (
    "INSERT INTO delivery (id, source, route, dedupe, received_at, digest, headers, incidents, "
    "raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PLACES = among(
    "SELECT g.group_key, i.id, i.status, i.alerted_at, i.merged_into FROM open_group AS g "
    "JOIN incident AS i ON i.id = g.incident "
    "WHERE g.source = ? AND g.route = ? AND g.group_key IN ",
    CHUNK,
)
MERGED = "SELECT id, status, alerted_at, merged_into FROM incident WHERE id = ?"
TAKE_GROUP = (
    "INSERT INTO open_group (source, route, group_key, incident) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (source, route, group_key) DO UPDATE SET incident = excluded.incident"
)
OPEN = (
    "INSERT INTO incident (id, number, seq, wake_at, status, severity, service, title, opened_at, "
    "merged_into, pending, alerts, alerted_at, conclusion, action, outcome) "
    "VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, '', 0, ?, ?, '', '', '')"
)
JOIN = (
    "UPDATE incident SET seq = ?, wake_at = coalesce(?, wake_at), alerts = alerts + ?, "
    "alerted_at = CASE WHEN alerted_at < ? THEN ? ELSE alerted_at END WHERE id = ?"
)
SPOKEN = "UPDATE incident SET alerted_at = ? WHERE id = ? AND alerted_at < ?"
BEHIND = "UPDATE conversation SET behind = 1 WHERE incident = ? AND behind = 0 AND cursor < ?"
