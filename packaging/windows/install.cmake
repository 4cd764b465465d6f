# install() of a target's libraries also installs its public headers on Windows, where no rule names a place for DLLs. ggml names
# them by paths that only hold in its own folder, and nobody needs them. Read before the first target (build.sh).
function(install)
  if(ARGV0 STREQUAL "TARGETS")
    foreach(t ${ARGV})
      if(TARGET ${t})
        set_property(TARGET ${t} PROPERTY PUBLIC_HEADER)
      endif()
    endforeach()
  endif()
  _install(${ARGV})
endfunction()
