/*
 * GuardDuty says what it saw, not why it is sure: a name or address of bad reputation, a rare call.
 * So its word alone is no `mining`; it is `suspect`, and what Davy sees itself of the same machine
 * in other logs decides. What is unusual for an account is a signal unless it names a credential
 * outside of its place or data that left.
 *
 * source: Amazon GuardDuty user guide, "GuardDuty active finding types", "Severity levels"
 */
#include "detect/guardduty/meaning.h"

static const struct alert_meaning meanings[] = {
	{"CryptoCurrency:", NULL, VERDICT_SUSPECT, "T1496.001", "something there mines"},
	{"Impact:Runtime/CryptoMinerExecuted", NULL, VERDICT_SUSPECT, "T1496.001",
	 "a miner was started there"},
	{"Impact:", "BitcoinDomainRequest.Reputation", VERDICT_SIGNAL, "T1496.001",
	 "a name was asked for that belongs to mining by its reputation"},
	{"UnauthorizedAccess:", "InstanceCredentialExfiltration", VERDICT_ACCESS, "T1552.005",
	 "a machine's key is used away from its machine"},
	{"UnauthorizedAccess:", "ResourceCredentialExfiltration", VERDICT_ACCESS, "T1552",
	 "a resource's key is used away from it"},
	{"UnauthorizedAccess:EC2/MetadataDNSRebind", NULL, VERDICT_ACCESS, "T1552.005",
	 "a machine's metadata was asked for by a name that was made for it"},
	{"CredentialAccess:", "CompromisedCredentials", VERDICT_ACCESS, "T1078.004",
	 "a credential is in other hands"},
	{"Exfiltration:", NULL, VERDICT_ACCESS, "T1530", "data left in an unusual way"},
	{"AttackSequence:", NULL, VERDICT_ACCESS, "T1078.004",
	 "several acts together look like an attack"},
	{"Discovery:Kubernetes/SuccessfulAnonymousAccess", NULL, VERDICT_EXPOSURE, "T1190",
	 "a cluster answers whoever asks"},
	{"", ":Kubernetes/SuccessfulAnonymousAccess", VERDICT_ACCESS, "T1190",
	 "somebody without a password was let into a cluster"},
	{"Policy:Kubernetes/ExposedDashboard", NULL, VERDICT_EXPOSURE, "T1133",
	 "a cluster's console can be reached by everybody"},
	{"Policy:Kubernetes/KubeflowDashboardExposed", NULL, VERDICT_EXPOSURE, "T1133",
	 "Kubeflow's console can be reached by everybody"},
	{"Policy:Kubernetes/AnonymousAccessGranted", NULL, VERDICT_EXPOSURE, "T1098.006",
	 "somebody without a password was given rights in a cluster"},
	{"Policy:Kubernetes/AdminAccessToDefaultServiceAccount", NULL, VERDICT_EXPOSURE,
	 "T1098.006", "every pod of a namespace may do everything"},
	{"Policy:S3/", "AccessGranted", VERDICT_EXPOSURE, "T1530",
	 "a bucket was opened to everybody or another account"},
	{"Policy:S3/", "BlockPublicAccessDisabled", VERDICT_EXPOSURE, "T1562.001",
	 "what keeps buckets from being public was switched off"},
	{"Backdoor:", NULL, VERDICT_SIGNAL, "T1071", "it speaks with, or serves, an attacker"},
	{"Trojan:", NULL, VERDICT_SIGNAL, "T1071", "it behaves as a trojan does"},
	{"UnauthorizedAccess:", NULL, VERDICT_SIGNAL, "T1078.004",
	 "a login or use that is unusual"},
	{"Discovery:S3", NULL, VERDICT_SIGNAL, "T1619", "buckets were listed in an unusual way"},
	{"Discovery:", NULL, VERDICT_SIGNAL, "T1580", "somebody looks around"},
	{"Recon:", NULL, VERDICT_SIGNAL, "T1595", "somebody looks for a way in"},
	{"Execution:", NULL, VERDICT_SIGNAL, "T1059", "something unusual was run"},
	{"Stealth:", NULL, VERDICT_SIGNAL, "T1562.008", "watching was made harder"},
	{"DefenseEvasion:", NULL, VERDICT_SIGNAL, "T1562", "watching was made harder"},
	{"PrivilegeEscalation:", NULL, VERDICT_SIGNAL, "T1098", "somebody took more rights"},
	{"Persistence:", NULL, VERDICT_SIGNAL, "T1098", "somebody made sure to come back"},
	{"", NULL, VERDICT_SIGNAL, NULL, "something it finds unusual"},
};

const struct alert_meaning *alert_meaning_of(struct str type)
{
	const struct alert_meaning *at = meanings;

	while (!str_starts(type, str_from(at->begins)) ||
	       (at->holds && str_find(type, str_from(at->holds)) < 0))
		at++; /* the last fits all */
	return at;
}

enum severity alert_severity(double severity)
{
	return severity >= 9   ? SEVERITY_CRITICAL
	       : severity >= 7 ? SEVERITY_HIGH
	       : severity >= 4 ? SEVERITY_MEDIUM
	       : severity >= 1 ? SEVERITY_LOW
			       : SEVERITY_INFO;
}
