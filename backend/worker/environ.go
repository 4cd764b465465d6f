package worker

import (
	"os"

	"loam/backend/wire"
)

// passed are the variables of this process that a child may see: those that choose a device or tune the threads.
var passed = []string{
	"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION",
	"VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_LOADER_DEBUG", "OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT",
	"GOCOVERDIR", "GOMAXPROCS",
}

// environ is a child's environment: nothing of a person's secrets leaks in.
func environ(s wire.Start, more ...string) ([]string, error) {
	about, err := s.Environ()
	if err != nil {
		return nil, err
	}
	env := []string{
		"LANG=C.UTF-8",
		"GOTRACEBACK=single",
		"GGML_NO_BACKTRACE=1", // else ggml forks a debugger when it aborts, which the sandbox turns into another death
		// Weights and caches lie in huge pages where Linux gives them on request: replies of a model of 1 GB are a tenth faster.
		// Other systems and C libraries do not know the variable.
		"GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
		about,
	}
	for _, name := range append(append([]string(nil), passed...), more...) {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env, nil
}
