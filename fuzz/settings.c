/* Any bytes as a settings file: read, or refused with a sentence that names the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "programs/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct settings *settings;
	struct error why = {0};

	if (settings_read(str_of(at, len), "f.yaml", &settings, &why) != 0) {
		if (settings || !strstr(why.text, "f.yaml"))
			abort();
		return 0;
	}
	if (settings_number(settings, "watch.snap_length") < 64)
		abort();
	settings_free(&settings);
	return 0;
}
