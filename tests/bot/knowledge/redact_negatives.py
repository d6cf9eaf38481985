"""Texts that only look as if they held a secret: what incidents are full of, to stay legible."""

import uuid

from tests.bot.knowledge.redact_pieces import ALNUM, DIGITS, HEX, LOWER, UPPER, card, filler, iban

_CROCKFORD = DIGITS + "ABCDEFGHJKMNPQRSTVWXYZ"

_WRITTEN = r"""
token bucket refilled
token bucket refilled for tenant acme, 400 tokens left
password rotation failed
password rotation failed for service payments-api
the password policy requires twelve characters
Password: incorrect
invalid password: account locked after 5 attempts
password=None
password: null
password: ********
password=${DB_PASSWORD}
password={{ .Values.db.password }}
DB_PASSWORD=$DB_PASSWORD
password: "%s"
password_file=/run/secrets/db
passwordSecretRef: payments-db
unexpected token: EOF
unexpected token: } at line 5 column 3
SyntaxError: Unexpected token: punctuation
parse error near token: select
invalid token: expired
token: missing
token_type=bearer
token_count=4096 max_tokens=8192
prompt_tokens: 512
/var/run/secrets/kubernetes.io/serviceaccount/token: permission denied
cat /etc/passwd: No such file or directory
root:x:0:0:root:/root:/bin/bash
deploy ALL=(ALL) NOPASSWD: ALL
PWD=/srv/app OLDPWD=/srv
bypass=true compass=north
secret "payments-tls" not found
secret: default/regcred
MountVolume.SetUp failed for volume "tls" : secret "payments-tls" not found
secretName: payments-tls
imagePullSecrets: regcred
kube_secret_info{namespace="shop",secret="payments-tls"} 1
kube_secret_labels{secret="default-token-x7k2p"}
sum by (token) (rate(auth_token_requests_total[5m])) > 5
rate(oauth_token_errors_total{job="auth",code=~"5.."}[5m])
job:auth_token_errors:rate5m{token=""}
token_refresh_duration_seconds_bucket{le="0.5"} 12
histogram_quantile(0.99, sum(rate(http_duration_seconds_bucket{job="api"}[5m])) by (le)) > 0.5
100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))) > 80
absent(up{job="payments-api"} == 1)
label_replace(up, "host", "$1", "instance", "(.*):.*")
{app="payments"} |= "password" | json | level="error"
sum(rate({namespace="shop"} |~ "token expired" [5m]))
predict_linear(node_filesystem_avail_bytes{mountpoint="/"}[6h], 4*3600) < 0
{}/{severity="critical"}:{alertname="HighErrorRate"}
groupKey: {}:{alertname="KubePodCrashLooping", namespace="shop"}
cache_key=user:42:profile
idempotency_key=order-2024-11-21-0001
key=PaymentsApiHighErrorRateFor5mCritical2024
sort_key: created_at
routing_key=orders.created.v2
partition key: customer_id
Primary key: id
KeyError: 'session'
auth: enabled
auth=basic
auth method "kubernetes" is not enabled
authorization: failed for user system:anonymous
Basic authentication is disabled
Bearer authentication required
WWW-Authenticate: Bearer realm="payments"
session: 42 active
cookie: missing
credentials: none found
no credentials: run login first
signature: mismatch
signature=invalid
PASS: TestRefund (0.03s)
--- FAIL: TestToken (0.00s)
pass: 12 fail: 3
1700000000
1700000000000
1700000000123456789
ts=1732184100123 level=warn msg="slow query" duration=1.203s
2024-11-21T10:15:00.123456789Z
2024-11-21 10:15:00,123 ERROR
[21/Nov/2024:10:15:00 +0000] "GET /healthz HTTP/1.1" 200
+0530
+2024-11-21 10:15 replicas: 3
order 1234567890123456 not found
order 1000000000000008 shipped
invoice 2024112100000042
snowflake 1178912345678901234
offset 98765432109876 lag 12
bytes=18446744073709551615
0.4111111111111111
value 4242424242424242.5
10.0.3.7:9090
192.168.1.254
dial tcp 10.0.3.7:5432: connect: connection refused
dial tcp [2001:db8::1]:443: i/o timeout
fe80::1ff:fe23:4567:890a
listening on :8080 and 0.0.0.0:9090
http://prometheus:9090/graph?g0.expr=up&g0.tab=1
https://grafana.example.com/d/abc123/payments?orgId=1&from=now-1h
https://runbooks.example.com/payments/high-error-rate#rollback
https://medium.example.com/@someone/post-mortems
git@github.com:acme/payments-api.git
ssh://git@github.com/acme/payments-api.git
ghcr.io/acme/payments-api:v1.42.0
registry.example.com:5000/team/app:2024.11.21-rc.3
acme/payments@1.2.3
golang.org/x/net@v0.17.0
google.golang.org/grpc@v1.59.0/server.go:1336
react@18.2.0 is deprecated
user@1000.service: Failed with result 'exit-code'
getty@tty1.service
icon@2x.png
@channel please look
<@U024BE7LH> deployed
v1.28.3+k3s1
1.2.3-beta.4+build.20241121
5.15.0-1051-aws
Python 3.11.7
HTTP/1.1 503 Service Unavailable
#ff8800
color: #1a2b3c;
0x7ffd5e8c
goroutine 1 [running]:
main.(*Server).handleToken(0xc0001a2000, {0x1400f2e0, 0xc000398000})
	/go/src/payments/internal/token/refresh.go:118 +0x1d5
github.com/acme/payments/internal/secret.Load(0xc000122000)
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3285 +0x4b4
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6d2f4a]
  File "/app/payments/token.py", line 42, in refresh
at com.acme.payments.TokenService.refresh(TokenService.java:118)
java.lang.IllegalStateException: Token has been revoked
Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "app"
FATAL: password authentication failed for user "app"
ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.7' (using password: YES)
payments-api-7d9f8b6c5-x2k4q
coredns-5d78c9869d-abcde
statefulset-postgres-0
ip-10-0-3-7.eu-west-1.compute.internal
i-0abcd1234ef567890
vpc-0a1b2c3d4e5f67890
arn:aws:iam::123456789012:role/payments-api
arn:aws:secretsmanager:eu-west-1:123456789012:secret:payments/db-AbCdEf
projects/acme-prod/secrets/payments-db/versions/3
secret/data/payments/db
vault kv get secret/payments
disk-usage-of-the-root-volume-is-high
task-runner-for-long-running-background-jobs
risk-engine-scoring-model-batch-worker
sk-learn-feature-pipeline
glibc-2.31-compatible-build-of-node
ssh-keygen -t ed25519 -f key
key-value store is read only
keyspace: orders
KubePodCrashLooping
PaymentsApiHighErrorRate5xxOver5PercentFor10Minutes
container_memory_working_set_bytes
go_gc_duration_seconds_sum
apiserver_flowcontrol_rejected_requests_total
http_request_duration_seconds_bucket_le_inf_total
TargetGroupAlb0a1B2c3Requests5xx
tenant=acme region=eu-west-1 env=prod
severity="critical", team="payments", alertname="DiskFull"
CPU 95% for 10m, 4 of 8 cores
replicas: 3/5 available
Exit code 137 (OOMKilled)
Back-off restarting failed container
sha256-digest mismatch
Content-Length: 1048576
X-Request-Id: 01HF7YAT
Set retention to 15d
deploy 2024-11-21.3 rolled back
ext 4711
room 415-55
0 errors, 12 warnings
port 5432 -> 15432
container id 3f4e8a
€ 1.234.567,89
das Passwort wurde geändert
""".strip("\n").split("\n")


def negatives() -> list[str]:
    """Return every text that redaction must leave as it is."""
    return [*_WRITTEN, *_drawn()]


def _drawn() -> list[str]:
    texts: list[str] = []
    for seed in range(6):
        number = filler(16, DIGITS, seed)
        texts += [
            f"deployed {filler(40, HEX, seed)} to prod",
            f"rolled back to {filler(7, HEX, seed)}",
            f"sha256:{filler(64, HEX, seed)}",
            f"image ghcr.io/acme/api@sha256:{filler(64, HEX, seed + 9)} pulled",
            f"checksum md5={filler(32, HEX, seed)}",
            f"trace_id={filler(32, HEX, seed)} span_id={filler(16, HEX, seed)}",
            f"traceparent: 00-{filler(32, HEX, seed)}-{filler(16, HEX, seed)}-01",
            f"request {uuid.UUID(filler(32, HEX, seed))} failed",
            f"event 01{filler(24, _CROCKFORD, seed)} stored",
            f"pod cart-{filler(10, LOWER + DIGITS, seed)}-{filler(5, LOWER, seed)} evicted",
            f"etag {filler(27, ALNUM, seed)}",
            f"order {card('4', 16, seed, valid=False)} unpaid",
            f"order 9{number[1:]} paid",
            f"batch {card('51', 16, seed, valid=False)} done",
            f"ref {iban('DE', filler(18, DIGITS, seed), valid=False)}",
            f"ticket {filler(4, UPPER, seed)}-{number[:5]}",
        ]
    return texts
