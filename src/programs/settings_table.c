#include <stdlib.h>

#include "detect/authorised.h"
#include "programs/mirror_text.h"
#include "programs/response_policy.h"
#include "programs/settings.h"

#define KIB 1024ull
#define GIB (KIB * KIB * KIB)

static bool check_mirror(struct str text, struct error *why)
{
	struct mirrors mirrors = {0};

	return mirrors_add(&mirrors, text, why);
}

static bool check_authorised(struct str text, struct error *why)
{
	struct authorised *list = calloc(1, sizeof(*list));
	bool is_good = list && authorised_add(list, text, why);

	if (!list)
		(void)error_set(why, 0, "no memory");
	free(list);
	return is_good;
}

/* Rows of one section stand together. */
const struct setting setting_table[] = {
	{"scan.memory", SETTING_SIZE, "1 GiB", 16 * KIB *KIB, 1024 * GIB,
	 .help = "Ceiling for the tables of davy scan; used as far as it is needed."},
	{"detect.authorised", SETTING_TEXTS, "",
	 .help = "Miners that are wanted here: \"sha256:HASH until 2027-01-31 because REASON\"; "
		 "also unit:NAME, container:ID, image:sha256:HEX.",
	 .check = check_authorised},
	{"detect.sigma", SETTING_TEXTS, "",
	 .help = "Sigma rules of your own for logs, files or folders, besides those shipped; see "
		 "davy-rules(1)."},
	{"detect.prices", SETTING_TEXT, "built-in",
	 .help = "File with types of machines and what an hour of each costs, in place of the "
		 "table that came with davy (built-in)."},
	{"watch.interfaces", SETTING_TEXTS, "",
	 .help = "Network interfaces to watch; empty: all that are up."},
	{"watch.exclude_interfaces", SETTING_TEXTS, "",
	 .help = "Interfaces to leave out, as names or patterns like veth*."},
	{"watch.mirrors", SETTING_TEXTS, "",
	 .help = "Addresses or networks that mirror traffic here in tunnels; any: believe all.",
	 .check = check_mirror},
	{"watch.memory", SETTING_SIZE, "512 MiB", 16 * KIB *KIB, 1024 * GIB,
	 .help = "Ceiling for the tables of all workers together."},
	{"watch.workers", SETTING_INTEGER, "0", 0, 1024,
	 .help = "Capture workers; 0: one for four cores."},
	{"watch.snap_length", SETTING_INTEGER, "65535", 64, 262144,
	 .help = "Bytes of each frame that are looked at."},
	{"watch.cutoff", SETTING_BOOL, "true",
	 .help = "Stop looking into the bytes of a flow once it is known to be harmless."},
	{"watch.host", SETTING_BOOL, "true", .help = "Watch this machine's own processes, too."},
	{"watch.health_every", SETTING_DURATION, "10 s", 1, 600,
	 .help = "How often counters are written for davy health."},
	{"host.yara", SETTING_TEXTS, "",
	 .help = "YARA rules of your own, files or folders of *.yar, that are held against the "
		 "memory of suspects."},
	{"store.path", SETTING_TEXT, "/var/lib/davy/davy.db",
	 .help = "File for findings and incidents."},
	{"store.retention_days", SETTING_INTEGER, "90", 0, 36500,
	 .help = "Days after which a finding that was not seen again is removed; 0: never."},
	{"store.max_findings", SETTING_INTEGER, "1000000", 0, 1000000000,
	 .help = "Findings to keep; past it signals go first, mining last; 0: no limit."},
	{"store.max_size", SETTING_SIZE, "2 GiB", 16 * KIB *KIB, 1024 * GIB,
	 .help = "Room for findings and incidents on the disk; past it they go in the same order."},
	{"lists.shipped", SETTING_BOOL, "true",
	 .help = "Read the lists of pools and of shared networks that came with davy."},
	{"lists.pools", SETTING_TEXTS, "",
	 .help = "More files with names and addresses of known pools; see davy-lists(1)."},
	{"respond.evidence", SETTING_TEXT, "/var/lib/davy/evidence",
	 .help = "Folder for evidence that davy respond keeps; root's alone."},
	{"respond.evidence_size", SETTING_SIZE, "256 MiB", KIB, 1024 * GIB,
	 .help = "Room for the evidence of one finding; past it files are cut."},
	{"respond.evidence_total", SETTING_SIZE, "2 GiB", KIB, 1024 * GIB,
	 .help = "Room for all evidence that the policy keeps; past it, and below 1 GiB free, it "
		 "keeps texts only."},
	{"respond.evidence_days", SETTING_INTEGER, "90", 1, 36500,
	 .help = "Days after which davy watch --protect removes evidence, unless a file named "
		 "keep lies in it."},
	{"respond.block_for", SETTING_DURATION, "24 h", 1, 365 * 86400,
	 .help = "How long davy respond block keeps connections to a pool away."},
	{"respond.throttle_percent", SETTING_INTEGER, "5", 1, 100,
	 .help = "Share of one core that davy respond throttle leaves."},
	{"respond.policy", SETTING_CHOICE, "propose", .choices = "propose protect",
	 .help = "protect: davy watch keeps evidence of what mines on this machine, freezes it and "
		 "blocks its connections; davy respond undoes it."},
	{"respond.confidence", SETTING_INTEGER, "95", 90, 99,
	 .help = "Per cent of confidence that a finding of mining needs for that."},
	{"respond.suspects", SETTING_CHOICE, "no", .choices = "no freeze",
	 .help = "freeze: with protect, what is only suspect is frozen for a while, too."},
	{"respond.thaw_after", SETTING_DURATION, "10 min", 10, 86400,
	 .help = "After this time a suspect that was frozen so goes on by itself."},
	{"respond.again_per_minute", SETTING_INTEGER, "10", 1, 600,
	 .help = "How often a minute a program that was frozen and is started again is frozen, "
		 "too."},
	{"respond.only_cgroups", SETTING_TEXTS, "",
	 .help = "Control groups like /user.slice that protect is for, with all below; empty: all.",
	 .check = response_policy_group},
	{"report.json", SETTING_BOOL, "false",
	 .help = "Write findings to standard output as JSON lines."},
	{"alert.journal", SETTING_BOOL, "true",
	 .help = "Write a line to the journal for alerts, where standard error is the journal."},
	{"alert.per_minute", SETTING_INTEGER, "20", 0, 1000000,
	 .help = "Alerts a minute of one detector and verdict; the rest is one line with their "
		 "number. 0: all."},
	{"alert.mining_per_minute", SETTING_INTEGER, "600", 0, 1000000,
	 .help = "The same for the verdict mining. 0: all."},
	{"alert.verdict", SETTING_CHOICE, "suspect",
	 .choices = "signal access exposure suspect miner mining",
	 .help = "The lightest verdict that alerts."},
};

const size_t setting_count = sizeof(setting_table) / sizeof(*setting_table);
