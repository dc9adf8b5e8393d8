#include "detect/computing.h"

#include "detect/computing_fields.h"

bool computing_read(const struct record_act *act, struct computing_scratch *scratch,
		    struct computing_act *out)
{
	*out = (struct computing_act){.count = 1, .vcpu = -1, .gpu = -1, .quota = -1};
	scratch->used = 0;
	scratch->has_inner = false;
	switch (act->provider) {
	case PROVIDER_AWS:
		return computing_read_aws(act, scratch, out);
	case PROVIDER_AZURE:
		return computing_read_azure(act, scratch, out);
	case PROVIDER_GCP:
		return computing_read_gcp(act, scratch, out);
	default:
		return false;
	}
}
