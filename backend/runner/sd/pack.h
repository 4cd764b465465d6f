// Opens libloam-picture at run time and calls it through a table of its functions, so that this program neither links
// nor needs the library. One pack per process.
#pragma once
#include "loam_picture.h"

// Opens the library and finds every function; NULL or a message to be freed with free().
char * pack_open(const char * library);

int            pack_init(const char * plugin_dir, const char * variant, char ** err);
char *         pack_devices(void);
char *         pack_names(void);
void           pack_free(char * s);
loam_picture * pack_picture_open(const char * params_json, char ** err);
void           pack_picture_close(loam_picture * p);
void           pack_picture_cancel(loam_picture * p);
char *         pack_picture_info(loam_picture * p);

// user is a cgo.Handle of the Go value that receives progress, previews and pictures.
char * pack_picture_generate(loam_picture * p, const char * params_json, const uint8_t * pixels, int64_t n_bytes, uintptr_t user, char ** err);
char * pack_picture_upscale(loam_picture * p, const uint8_t * rgb, int width, int height, uintptr_t user, char ** err);
