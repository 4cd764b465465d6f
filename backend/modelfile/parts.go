package modelfile

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Parts gives the paths of all parts of a split GGUF file, in order, from the path of any one of them. It is nil when the
// file's name is not that of a part ("model-00001-of-00003.gguf") or counts other than count parts.
func Parts(path string, count int) []string {
	stem, part, parts, ok := partName(filepath.Base(path))
	if !ok || parts != count || part < 1 || part > parts {
		return nil
	}
	paths := make([]string, 0, min(parts, 1024))
	for i := range parts {
		paths = append(paths, filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%05d-of-%05d.gguf", stem, i+1, parts)))
	}
	return paths
}

// PartsByName is Parts for a file that is known to be split by its name only; nil for any other name.
func PartsByName(path string) []string {
	_, _, count, ok := partName(filepath.Base(path))
	if !ok || count < 2 || count > 10_000 {
		return nil
	}
	return Parts(path, count)
}

// partName splits the name of a part of a split file: "x-00001-of-00003.gguf" gives "x", 1, 3.
func partName(base string) (stem string, part, parts int, ok bool) {
	return numbered(base, ".gguf")
}

// ShardName gives the 1-based number of one of several safetensors files that are one model, and how many they are; 0, 0
// for any other name.
func ShardName(path string) (part, of int) {
	_, part, of, ok := numbered(filepath.Base(path), ".safetensors")
	if !ok || part < 1 || part > of {
		return 0, 0
	}
	return part, of
}

func numbered(base, ending string) (stem string, part, parts int, ok bool) {
	stem, ok = strings.CutSuffix(base, ending)
	if !ok || len(stem) < len("-00001-of-00002") {
		return "", 0, 0, false
	}
	tail := stem[len(stem)-len("-00001-of-00002"):]
	if tail[0] != '-' || tail[6:10] != "-of-" {
		return "", 0, 0, false
	}
	part, err1 := strconv.Atoi(tail[1:6])
	parts, err2 := strconv.Atoi(tail[10:])
	return strings.TrimSuffix(stem, tail), part, parts, err1 == nil && err2 == nil
}
