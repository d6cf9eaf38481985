"""Alerts as monitoring systems send them, labelled by hand with who should investigate.

A row is: alertname, severity, the kind of the newest change of its service ("" for none), how many
minutes before, and the label. Labels were given by what an experienced human would look at first:
a change, or the thing itself. Some cannot be told from the alert alone, and stay in the table.
"""

from typing import Literal

Label = Literal["generalist", "deploy_regression"]
Kind = Literal["", "deploy", "config", "flag", "other"]
Row = tuple[str, str, Kind, int, Label]

LABELLED: tuple[Row, ...] = (
    # The alert says it itself.
    ("BadDeploy", "critical", "", 0, "deploy_regression"),
    ("CanaryFailing", "warning", "deploy", 5, "deploy_regression"),
    ("KubeDeploymentRolloutStuck", "warning", "", 0, "deploy_regression"),
    ("CheckoutDeployFailed", "critical", "deploy", 2, "deploy_regression"),
    ("ReleaseHealthDegraded", "warning", "deploy", 20, "deploy_regression"),
    ("Deployment failed: payments-api", "high", "", 0, "deploy_regression"),
    ("ErrorsAfterDeploy", "critical", "deploy", 12, "deploy_regression"),
    ("ArgoRolloutDegraded", "warning", "deploy", 9, "deploy_regression"),
    # A symptom of the service, and something of it changed shortly before.
    ("CheckoutErrorRateHigh", "critical", "deploy", 12, "deploy_regression"),
    ("HTTP 5xx ratio above 5%", "critical", "deploy", 35, "deploy_regression"),
    ("HighRequestLatency", "warning", "deploy", 25, "deploy_regression"),
    ("p99 above objective", "warning", "deploy", 50, "deploy_regression"),
    ("ErrorBudgetBurn", "critical", "deploy", 60, "deploy_regression"),
    ("KubePodCrashLooping", "warning", "deploy", 4, "deploy_regression"),
    ("ContainerOOMKilled", "warning", "deploy", 30, "deploy_regression"),
    ("PodRestartsHigh", "warning", "config", 8, "deploy_regression"),
    ("CheckoutUnavailable", "critical", "config", 3, "deploy_regression"),
    ("LoginSuccessRateLow", "high", "flag", 15, "deploy_regression"),
    ("GrpcTimeouts", "warning", "deploy", 18, "deploy_regression"),
    ("ApdexLow", "warning", "deploy", 40, "deploy_regression"),
    ("SLOBurnRateFast", "critical", "flag", 6, "deploy_regression"),
    ("ConversionDropped", "high", "deploy", 10, "deploy_regression"),
    # The same symptoms, and nothing changed, or long ago.
    ("CheckoutErrorRateHigh", "critical", "", 0, "generalist"),
    ("HTTP 5xx ratio above 5%", "critical", "deploy", 600, "generalist"),
    ("HighRequestLatency", "warning", "", 0, "generalist"),
    ("KubePodCrashLooping", "warning", "", 0, "generalist"),
    ("ContainerOOMKilled", "warning", "deploy", 1300, "generalist"),
    ("ErrorBudgetBurn", "critical", "deploy", 400, "generalist"),
    ("PodRestartsHigh", "warning", "", 0, "generalist"),
    ("CheckoutUnavailable", "critical", "other", 5, "generalist"),
    ("ServiceDown", "critical", "", 0, "generalist"),
    ("GrpcTimeouts", "warning", "deploy", 240, "generalist"),
    # Not a matter of the service's own changes, however fresh they are.
    ("NodeFilesystemSpaceFillingUp", "warning", "deploy", 12, "generalist"),
    ("DiskFull", "critical", "deploy", 7, "generalist"),
    ("CertificateExpiry", "warning", "deploy", 30, "generalist"),
    ("TLS certificate expires, handshake errors soon", "warning", "deploy", 30, "generalist"),
    ("NodeClockSkewDetected", "warning", "", 0, "generalist"),
    ("KubeNodeNotReady", "critical", "deploy", 20, "generalist"),
    ("HostOutOfMemory", "warning", "deploy", 15, "generalist"),
    ("BackupFailed", "high", "deploy", 45, "generalist"),
    ("PrometheusTargetDown", "warning", "deploy", 10, "generalist"),
    ("PostgresReplicationLag", "warning", "deploy", 10, "generalist"),
    ("KafkaConsumerLag", "warning", "", 0, "generalist"),
    ("QueueBacklogGrowing", "warning", "", 0, "generalist"),
    ("Watchdog", "info", "deploy", 1, "generalist"),
    ("RaidArrayFailed", "critical", "deploy", 25, "generalist"),
    ("UPSBatteryLow", "warning", "", 0, "generalist"),
    ("DnsResolutionErrors", "high", "", 0, "generalist"),
    ("IngressCertificateErrors", "high", "config", 20, "generalist"),
    ("ThirdPartyPaymentProviderDown", "critical", "deploy", 30, "generalist"),
)
