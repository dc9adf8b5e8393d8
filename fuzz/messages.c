/* The receiving side of our channels, fed in pieces: first byte of the input is the piece's size.
 */
#include "sandbox/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct channel channel;
	struct message message;
	size_t piece = len ? 1 + (size_t)at[0] * 7 : 1;
	volatile char sum = 0;

	channel_init(&channel, -1, false);
	for (size_t done = 1; done < len; done += piece) {
		if (!channel_feed(&channel, str_sub(str_of(at, len), done, piece)))
			break;
		while (channel_take(&channel, &message) == MESSAGE_READY)
			for (size_t i = 0; i < message.body.len; i++)
				sum = (char)(sum + message.body.at[i]);
	}
	channel_fini(&channel);
	return 0;
}
