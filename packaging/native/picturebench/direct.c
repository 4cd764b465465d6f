// Draws with stable-diffusion.cpp's own API, without Loam's shim, process and pipe: what Loam's pictures are measured
// against. One line of JSON per picture; the first one reads the weights.
//   direct PLUGIN_DIR THREADS SIDE STEPS PICTURES FLASH checkpoint FILE | diffusion FILE t5xxl FILE taesd FILE
#include "ggml-backend.h"
#include "stable-diffusion.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

extern const char * loam_phase;   // of patch 3: what the progress is about

struct moment { double wall, cpu; };   // milliseconds

static struct moment now(void) {
    struct timespec t;
    struct rusage   u;
    clock_gettime(CLOCK_MONOTONIC, &t);
    getrusage(RUSAGE_SELF, &u);
    return (struct moment) {t.tv_sec * 1e3 + t.tv_nsec / 1e6,
                            (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3};
}

static struct moment first, last;   // ends of the first and the last step
static int           wanted;

static void on_progress(int step, int steps, float seconds, void * data) {
    (void) seconds; (void) data;
    if (strcmp(loam_phase, "sampling") || steps != wanted) return;
    if (step == 1) first = now();
    if (step == steps) last = now();
}

static void on_log(enum sd_log_level_t level, const char * text, void * data) {
    (void) data;
    if (level == SD_LOG_ERROR) fputs(text, stderr);
}

int main(int argc, char ** argv) {
    if (argc < 9 || argc % 2 == 0) return fprintf(stderr, "usage: direct PLUGIN_DIR THREADS SIDE STEPS PICTURES FLASH ROLE FILE ...\n"), 2;
    const int side = atoi(argv[3]), pictures = atoi(argv[5]);
    wanted = atoi(argv[4]);
    sd_set_log_callback(on_log, NULL);
    sd_set_progress_callback(on_progress, NULL);
    ggml_backend_load_all_from_path(argv[1]);
    sd_ctx_params_t p;
    sd_ctx_params_init(&p);
    p.n_threads            = atoi(argv[2]);
    p.flash_attn           = p.diffusion_flash_attn = atoi(argv[6]);
    p.enable_mmap          = true;
    p.lora_apply_mode      = LORA_APPLY_AT_RUNTIME;
    for (int i = 7; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "checkpoint")) p.model_path = argv[i + 1];
        if (!strcmp(argv[i], "diffusion")) p.diffusion_model_path = argv[i + 1];
        if (!strcmp(argv[i], "t5xxl")) p.t5xxl_path = argv[i + 1];
        if (!strcmp(argv[i], "taesd")) p.taesd_path = argv[i + 1];
    }
    sd_ctx_t * c = new_sd_ctx(&p);
    if (!c) return fprintf(stderr, "cannot open the model\n"), 1;
    for (int i = 0; i < pictures; i++) {
        sd_img_gen_params_t g;
        sd_img_gen_params_init(&g);
        g.prompt                              = "a lighthouse at dusk";
        g.width                               = g.height = side;
        g.sample_params.sample_steps          = wanted;
        g.sample_params.guidance.txt_cfg      = 1;
        g.seed                                = 42 + i;
        const struct moment begin = now();
        sd_image_t * out = generate_image(c, &g);
        const struct moment end = now();
        if (!out) return fprintf(stderr, "no picture\n"), 1;
        free_sd_images(out, 1);
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        printf("{\"before\":%.1f,\"step\":%.2f,\"step_cpu\":%.2f,\"decode\":%.1f,\"decode_cpu\":%.1f,\"peak_mb\":%.0f}\n", first.wall - begin.wall,
               (last.wall - first.wall) / (wanted - 1), (last.cpu - first.cpu) / (wanted - 1), end.wall - last.wall, end.cpu - last.cpu,
               u.ru_maxrss / 1024.);
        fflush(stdout);
    }
    free_sd_ctx(c);
    return 0;
}
