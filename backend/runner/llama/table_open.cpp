//go:build !nonative

// Finding the pack's table at run time, so that the program neither links nor needs its library.
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include <filesystem>
#include <string>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static void * find(const char * library, std::string & why) {
    const std::filesystem::path path = std::filesystem::u8path(library);
    HMODULE m = LoadLibraryExW(path.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH); // what it needs lies beside it
    void *  f = m ? (void *) GetProcAddress(m, "loam_chat_functions") : nullptr;
    if (!f) why = m ? "it is not a chat pack" : "Windows cannot load it (error " + std::to_string(GetLastError()) + ")";
    return f;
}
#else
#include <dlfcn.h>

static void * find(const char * library, std::string & why) {
    void * m = dlopen(library, RTLD_NOW | RTLD_LOCAL); // never closed: the table lives as long as the process
    void * f = m ? dlsym(m, "loam_chat_functions") : nullptr;
    if (!f) why = m ? "it is not a chat pack" : dlerror();
    return f;
}
#endif

loam_chat_table table_open(const char * library, char ** err) {
    std::string why;
    if (auto f = (decltype(&loam_chat_functions)) find(library, why)) {
        loam_chat_table t = f();
        if (t->api() == LOAM_CHAT_API) return t;
        why = "it was built for another version of Loam (" + std::to_string(t->api()) + ", this one needs " + std::to_string(LOAM_CHAT_API) + ")";
    }
    *err = strdup(why.c_str());
    return nullptr;
}
