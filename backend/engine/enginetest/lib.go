package enginetest

import (
	"os"
	"path/filepath"
	"testing"
)

// LibDir is the folder of the installed libraries (lib/loam): $LOAM_LIB, else bin/lib/loam in this repository. Without
// one the test fails: engines are tested with their real libraries or not at all.
func LibDir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("LOAM_LIB"); dir != "" {
		return mustExist(tb, dir)
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return mustExist(tb, filepath.Join(dir, "bin", "lib", "loam"))
		}
		up := filepath.Dir(dir)
		if up == dir {
			tb.Fatal("not inside the repository: set LOAM_LIB")
		}
		dir = up
	}
}

// Starter is the starter model's file (SmolLM2-135M-Instruct, Q4_1).
func Starter(tb testing.TB) string {
	tb.Helper()
	return mustExist(tb, filepath.Join(LibDir(tb), "starter", "SmolLM2-135M-Instruct.Q4_1.gguf"))
}

func mustExist(tb testing.TB, path string) string {
	tb.Helper()
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("run make setup once: %v", err)
	}
	return path
}

// EmbeddingModel is the file of all-MiniLM-L6-v2 as "F16" or "Q8_0".
func EmbeddingModel(tb testing.TB, quant string) string {
	tb.Helper()
	return mustExist(tb, filepath.Join(LibDir(tb), "..", "..", "embedding", "all-MiniLM-L6-v2."+quant+".gguf"))
}
