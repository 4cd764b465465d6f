# What differs between systems, for every native project here: included after project(), before the first target. A library looks
# for its siblings only beside itself and exports only what its map names.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
if(APPLE)
  set(CMAKE_INSTALL_RPATH "@loader_path")
else()
  set(CMAKE_INSTALL_RPATH "$ORIGIN")
endif()
if(WIN32)
  set(CMAKE_SHARED_LIBRARY_PREFIX "")                 # ggml.dll, as ggml looks for it
  set(CMAKE_SHARED_MODULE_PREFIX "")
  set(CMAKE_INSTALL_BINDIR ${DESTINATION})            # where install() puts a DLL
  add_link_options(-static -Wl,--exclude-libs,ALL)    # the compiler's own libraries go inside and stay there
  add_compile_definitions(_WIN32_WINNT=0x0A00)
  # The stack is aligned to 16 bytes there, and gcc takes it for 32 or 64 in AVX code: no aligned moves.
  add_compile_options(-Wa,-muse-unaligned-vector-move)
endif()

# seal(TARGET MAP) leaves nothing undefined, and exports what the GNU version script MAP names as global.
function(seal target map)
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${map})
  if(NOT APPLE)
    target_link_options(${target} PRIVATE -Wl,--no-undefined -Wl,--gc-sections -Wl,-Bsymbolic -Wl,--version-script=${map})
    return()
  endif()
  file(STRINGS ${map} names REGEX "global:")
  string(REGEX REPLACE ".*global: *([^;]*).*" "_\\1" names "${names}")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${target}.exports "${names}\n")
  target_link_options(${target} PRIVATE -Wl,-dead_strip -Wl,-exported_symbols_list,${CMAKE_CURRENT_BINARY_DIR}/${target}.exports)
endfunction()
