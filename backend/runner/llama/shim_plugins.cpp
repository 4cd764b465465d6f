//go:build !nonative

// Plug-ins, devices, log and last words of an engine.
#include "shim.h"

#include "ggml.h"

#include <deque>
#include <filesystem>
#include <mutex>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <io.h>
#include <windows.h>
#define loam_write _write
#else
#include <dlfcn.h>
#include <unistd.h>
#define loam_write write
#endif

namespace fs = std::filesystem;

namespace loam {

static std::mutex              log_mutex;
static std::deque<std::string> log_ring;    // guarded by log_mutex
static std::string             log_partial; // a line without its end yet; guarded by log_mutex
static bool                    log_wanted;  // the line being built is a warning or an error; guarded by log_mutex

void log_sink(ggml_log_level level, const char * text, void *) {
    try {
        std::lock_guard<std::mutex> lock(log_mutex);
        if (level != GGML_LOG_LEVEL_CONT) log_wanted = level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR;
        if (!log_wanted) return;
        log_partial += text;
        size_t end;
        while ((end = log_partial.find('\n')) != std::string::npos) {
            log_ring.push_back(log_partial.substr(0, std::min<size_t>(end, 1000)));
            log_partial.erase(0, end + 1);
            if (log_ring.size() > 64) log_ring.pop_front();
        }
        if (log_partial.size() > 4000) log_partial.clear();
    } catch (...) { // a log line is never worth an exception through C code
    }
}

void log_clear() {
    std::lock_guard<std::mutex> lock(log_mutex);
    log_ring.clear();
    log_partial.clear();
}

std::vector<std::string> log_lines() {
    std::lock_guard<std::mutex> lock(log_mutex);
    return {log_ring.begin(), log_ring.end()};
}

std::string log_text() {
    std::string s;
    for (const auto & line : log_lines()) s += (s.empty() ? "" : "\n") + line;
    return s;
}

void log_capture() { llama_log_set(log_sink, nullptr); }

// Called when an assertion fails, before the process aborts: one line, without allocating.
void abort_line(const char * message) {
    char line[1024];
    const int n = snprintf(line, sizeof line, "loam-chat abort: %s\n", message);
    if (n > 0) {
        const auto written = loam_write(2, line, (unsigned) std::min<size_t>((size_t) n, sizeof line - 1));
        (void) written;
    }
}

[[noreturn]] static void last_words() {
    const char * what = "unknown exception";
    std::string  kept;
    if (auto e = std::current_exception()) {
        try {
            std::rethrow_exception(e);
        } catch (const std::bad_alloc &) {
            what = "out of memory";
        } catch (const std::exception & x) {
            kept = x.what();
            what = kept.c_str();
        } catch (...) {
        }
    }
    abort_line(what);
    abort();
}

void json::quote(const std::string & v) {
    s += '"';
    for (const unsigned char c : v) {
        if (c == '"' || c == '\\') {
            s += '\\';
            s += (char) c;
        } else if (c < 0x20) {
            char u[8];
            snprintf(u, sizeof u, "\\u%04x", c);
            s += u;
        } else {
            s += (char) c;
        }
    }
    s += '"';
}

#ifdef _WIN32
static const char * const cpu_prefix = "ggml-cpu-", * const plugin_prefix = "ggml-", * const plugin_ext = ".dll";

static fs::path file_of(const void * address) {
    HMODULE m = nullptr;
    wchar_t name[MAX_PATH] = {};
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, (LPCWSTR) address, &m);
    if (m) GetModuleFileNameW(m, name, MAX_PATH);
    return name;
}

// A plug-in names ggml-base.dll without a folder, and Windows does not search the plug-in's: once it is loaded, the name is enough.
static void load_base(const fs::path & dir) { LoadLibraryExW((dir / "ggml-base.dll").c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH); }

static void * base_symbol(const fs::path & dir, const char * name) {
    HMODULE m = GetModuleHandleW((dir / "ggml-base.dll").c_str());
    return m ? (void *) GetProcAddress(m, name) : nullptr;
}
#else
#ifdef __APPLE__
static const char * const base_name = "libggml-base.dylib";
#else
static const char * const base_name = "libggml-base.so";
#endif
static const char * const cpu_prefix = "libggml-cpu-", * const plugin_prefix = "libggml-", * const plugin_ext = ".so";

static fs::path file_of(const void * address) {
    Dl_info info;
    return dladdr(address, &info) && info.dli_fname ? fs::path(info.dli_fname) : fs::path();
}

static void load_base(const fs::path &) {} // a plug-in finds it beside itself

static void * base_symbol(const fs::path & dir, const char * name) {
    void * h = dlopen((dir / base_name).c_str(), RTLD_NOW | RTLD_NOLOAD);
    return h ? dlsym(h, name) : nullptr; // the handle is kept: the plug-ins stay for the life of the process
}
#endif

// The plug-ins bring a ggml of their own, with a log and an abort callback of its own.
static void hook_plugins(const fs::path & dir) {
    if (auto set = (decltype(&ggml_log_set)) base_symbol(dir, "ggml_log_set")) set(log_sink, nullptr);
    if (auto set = (decltype(&ggml_set_abort_callback)) base_symbol(dir, "ggml_set_abort_callback")) set(abort_line);
}

static bool starts_with(const std::string & s, const char * prefix) { return s.rfind(prefix, 0) == 0; }

// One CPU variant by name, then every plug-in that is not for the CPU.
static void load_exactly(const fs::path & dir, const std::string & variant) {
    if (variant != "static") {
        const fs::path p = dir / (cpu_prefix + variant + plugin_ext);
        std::error_code ec;
        if (!fs::is_regular_file(p, ec)) throw std::runtime_error("the CPU variant " + variant + " is not installed");
        if (!ggml_backend_load(p.string().c_str()))
            throw std::runtime_error("the CPU variant " + variant + " does not run on this machine");
    }
    if (dir.empty()) return;
    for (const auto & e : fs::directory_iterator(dir)) {
        const std::string n = e.path().filename().string();
        if (e.path().extension() == plugin_ext && starts_with(n, plugin_prefix) && !starts_with(n, cpu_prefix) &&
            n.find("ggml-base") == std::string::npos)
            ggml_backend_load(e.path().string().c_str());
    }
}

static std::string find_variant() {
    auto * dev = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (!dev) return "none";
    const std::string n = file_of(ggml_backend_dev_backend_reg(dev)).stem().string();
    return starts_with(n, cpu_prefix) ? n.substr(strlen(cpu_prefix)) : "static";
}

static std::mutex  init_mutex;
static bool        init_done;                           // guarded by init_mutex
static std::string init_dir, init_wish, init_variant = "static"; // guarded by init_mutex

static const char * type_name(enum ggml_backend_dev_type t) {
    switch (t) {
        case GGML_BACKEND_DEVICE_TYPE_CPU:   return "cpu";
        case GGML_BACKEND_DEVICE_TYPE_GPU:   return "gpu";
        case GGML_BACKEND_DEVICE_TYPE_IGPU:  return "igpu";
        case GGML_BACKEND_DEVICE_TYPE_ACCEL: return "accel";
        default:                             break; // newer versions have more
    }
    return "unknown";
}

} // namespace loam

using namespace loam;

int          loam_chat_api(void) { return LOAM_CHAT_API; }
const char * loam_chat_build(void) { return build_version; }
void         loam_chat_free(void * p) { free(p); }
const char * loam_chat_variant(void) { return init_variant.c_str(); }

int loam_chat_init(const char * plugin_dir, const char * variant, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        std::lock_guard<std::mutex> lock(init_mutex);
        const std::string dir = plugin_dir ? plugin_dir : "", wish = variant ? variant : "";
        if (init_done && (dir.empty() || !init_dir.empty())) {
            if (wish != init_wish && !wish.empty() && wish != init_variant)
                throw std::runtime_error("this process already computes with the CPU variant " + init_variant);
            return LOAM_CHAT_OK;
        }
        if (wish.find('/') != std::string::npos || wish.find('\\') != std::string::npos)
            throw std::runtime_error("the CPU variant " + wish + " is not installed");
        log_capture();
        ggml_set_abort_callback(abort_line);
        std::set_terminate(last_words);
        if (!dir.empty()) load_base(dir);
        if (!wish.empty()) {
            load_exactly(dir, wish);
        } else if (std::error_code ec; !dir.empty() && fs::is_directory(dir, ec)) {
            ggml_backend_load_all_from_path(dir.c_str());
        }
        if (!dir.empty()) hook_plugins(dir);
        llama_backend_init();
        init_variant = find_variant();
        init_dir     = dir; // while there is none, a later call may bring one
        init_wish    = wish;
        init_done    = true;
        return LOAM_CHAT_OK;
    });
}

char * loam_chat_devices(char ** err) {
    return guard(err, (char *) nullptr, [&] {
        json j;
        j.open('[');
        bool cpu = false;
        for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
            auto * dev = ggml_backend_dev_get(i);
            const auto type = ggml_backend_dev_type(dev);
            if (type == GGML_BACKEND_DEVICE_TYPE_CPU && cpu) continue; // the built-in one behind a plug-in
            cpu = cpu || type == GGML_BACKEND_DEVICE_TYPE_CPU;
            size_t free = 0, total = 0;
            ggml_backend_dev_memory(dev, &free, &total);
            j.open('{').key("name").str(ggml_backend_dev_name(dev)).key("description").str(ggml_backend_dev_description(dev));
            j.key("type").str(type_name(type)).key("free").num((int64_t) free).key("total").num((int64_t) total).close('}');
        }
        return copy(j.close(']').text());
    });
}
