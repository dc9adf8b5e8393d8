#include "programs/authorised_text.h"

#include "detect/authorised.h"

enum { SOON_S = 7 * 86400 };

size_t authorised_text(const struct settings *settings, instant now, struct buf *out)
{
	size_t count, told = 0;
	const struct str *texts = settings_texts(settings, "detect.authorised", &count);

	for (size_t i = 0; i < count; i++) {
		struct authorised list = {0};
		if (!authorised_add(&list, texts[i], &(struct error){0}))
			continue;
		const struct authorisation *one = &list.at[0];
		duration left = instant_since(one->ends, now);
		if (left.ns > DURATION_S(SOON_S).ns)
			continue;
		buf_add_text(out, "detect.authorised: ");
		buf_add_authorisation(out, one);
		if (left.ns <= 0) {
			buf_printf(out, " was until %s: it alerts as mining again", one->until);
		} else {
			buf_printf(out, " is until %s, for ", one->until);
			buf_add_duration(out, left);
			buf_add_text(out, " more");
		}
		buf_add_text(out, " (");
		buf_add_printable(out, str_from(one->reason), AUTHORISED_REASON_MAX);
		buf_add_text(out, ")\n");
		told++;
	}
	return told;
}
