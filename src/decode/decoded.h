/* The outcome of every decoder: a result to handle, never an error to log. */
#ifndef DAVY_DECODE_DECODED_H
#define DAVY_DECODE_DECODED_H

enum decoded {
	DECODED,
	NEED_MORE,  /* the bytes end before the unit does; feed more and ask again */
	MALFORMED,  /* the bytes break the format */
	UNSUPPORTED /* well-formed, of a kind not decoded */
};

#endif
