#include "detect/record_detector.h"
#include "detect/stolen_credential/report.h"

static int create(const struct record_settings *settings, void **out)
{
	struct credentials *credentials = NULL;
	int r = credentials_new(settings, &credentials);

	if (r == 0)
		*out = credentials;
	return r;
}

static void destroy(void *state)
{
	credentials_free(state);
}

static void observe(void *state, const struct record *seen)
{
	credentials_take(state, seen);
}

static void report(void *state, instant now, struct arena *scratch, struct record_teller *teller)
{
	size_t count;
	struct identity **all = credentials_sorted(state, &count);

	for (size_t i = 0; i < count; i++) {
		struct stolen stolen = credentials_judge(state, all[i]);
		if (stolen.confidence > 0)
			stolen_report(state, all[i], &stolen, now, scratch, teller);
	}
}

const struct record_detector stolen_credential_detector = {
	.name = "stolen_credential",
	.summary = "Access keys and machines' sessions used by another hand than their own",
	.wants = RECORD_WANTS(RECORD_CLOUDTRAIL) | RECORD_WANTS(RECORD_S3_ACCESS) |
		 RECORD_WANTS(RECORD_GCP_AUDIT) | RECORD_WANTS(RECORD_KUBE_AUDIT) |
		 RECORD_WANTS(RECORD_FLOW),
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
