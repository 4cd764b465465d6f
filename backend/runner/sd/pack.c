//go:build !nonative

#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

// The name is UTF-8; what the library needs is searched beside it.
static void * library_open(const char * path) {
    wchar_t wide[32768];
    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, sizeof wide / sizeof *wide)) return NULL;
    return (void *) LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}
static void * library_find(void * h, const char * name) { return (void *) GetProcAddress((HMODULE) h, name); }
static void   library_close(void * h) { FreeLibrary((HMODULE) h); }
static char * library_error(void) {
    char text[64];
    snprintf(text, sizeof text, "Windows cannot load it (error %lu)", GetLastError());
    return strdup(text);
}
#else
#include <dlfcn.h>

static void * library_open(const char * path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static void * library_find(void * h, const char * name) { return dlsym(h, name); }
static void   library_close(void * h) { dlclose(h); }
static char * library_error(void) { return strdup(dlerror()); }
#endif

// Of this program (pack.go).
extern void loamPictureLog(int level, char * text);
extern void loamPictureProgress(uintptr_t user, char * phase, int step, int steps, double seconds);
extern void loamPicturePixels(uintptr_t user, int preview, int index, int width, int height, uint8_t * rgb);

static struct {
    int            (*init)(const char *, const char *, loam_picture_log_fn, void *, char **);
    char *         (*devices)(void);
    char *         (*names)(void);
    void           (*free)(char *);
    loam_picture * (*open)(const char *, char **);
    void           (*close)(loam_picture *);
    void           (*cancel)(loam_picture *);
    char *         (*info)(loam_picture *);
    char *         (*generate)(loam_picture *, const char *, const uint8_t *, int64_t, loam_picture_progress_fn, loam_picture_pixels_fn,
                               loam_picture_pixels_fn, void *, char **);
    char *         (*upscale)(loam_picture *, const uint8_t *, int, int, loam_picture_progress_fn, loam_picture_pixels_fn, void *, char **);
} lib;

char * pack_open(const char * library) {
    void * h = library_open(library);
    if (!h) return library_error();
    int (*api)(void);
    *(void **) &api = library_find(h, "loam_picture_api");   // the first libraries had none
    const int its = api ? api() : 1;
    if (its != LOAM_PICTURE_API) {
        char text[256];
        snprintf(text, sizeof text, "it speaks version %d, this program %d: install Loam again, or run make setup", its, LOAM_PICTURE_API);
        library_close(h);
        return strdup(text);
    }
    const struct { const char * name; void ** to; } all[] = {
        {"loam_picture_init", (void **) &lib.init},         {"loam_picture_devices", (void **) &lib.devices},
        {"loam_picture_names", (void **) &lib.names},       {"loam_picture_free", (void **) &lib.free},
        {"loam_picture_open", (void **) &lib.open},         {"loam_picture_close", (void **) &lib.close},
        {"loam_picture_cancel", (void **) &lib.cancel},     {"loam_picture_info", (void **) &lib.info},
        {"loam_picture_generate", (void **) &lib.generate}, {"loam_picture_upscale", (void **) &lib.upscale},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if ((*all[i].to = library_find(h, all[i].name))) continue;
        char text[256];
        snprintf(text, sizeof text, "the library has no %s", all[i].name);
        library_close(h);
        return strdup(text);
    }
    return NULL;
}

static void on_log(void * user, int level, const char * text) { (void) user; loamPictureLog(level, (char *) text); }
static void on_progress(void * user, const char * phase, int step, int steps, double seconds) {
    loamPictureProgress((uintptr_t) user, (char *) phase, step, steps, seconds);
}
static void on_preview(void * user, int index, int width, int height, const uint8_t * rgb) {
    loamPicturePixels((uintptr_t) user, 1, index, width, height, (uint8_t *) rgb);
}
static void on_picture(void * user, int index, int width, int height, const uint8_t * rgb) {
    loamPicturePixels((uintptr_t) user, 0, index, width, height, (uint8_t *) rgb);
}

int pack_init(const char * plugin_dir, const char * variant, char ** err) {
    return lib.init(plugin_dir, variant, on_log, NULL, err);
}
char *         pack_devices(void) { return lib.devices(); }
char *         pack_names(void) { return lib.names(); }
void           pack_free(char * s) { lib.free(s); }
loam_picture * pack_picture_open(const char * params_json, char ** err) { return lib.open(params_json, err); }
void           pack_picture_close(loam_picture * p) { lib.close(p); }
void           pack_picture_cancel(loam_picture * p) { lib.cancel(p); }
char *         pack_picture_info(loam_picture * p) { return lib.info(p); }
char * pack_picture_generate(loam_picture * p, const char * params_json, const uint8_t * pixels, int64_t n_bytes, uintptr_t user, char ** err) {
    return lib.generate(p, params_json, pixels, n_bytes, on_progress, on_preview, on_picture, (void *) user, err);
}
char * pack_picture_upscale(loam_picture * p, const uint8_t * rgb, int width, int height, uintptr_t user, char ** err) {
    return lib.upscale(p, rgb, width, height, on_progress, on_picture, (void *) user, err);
}
