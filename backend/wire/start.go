package wire

import (
	"encoding/json"
	"fmt"
	"os"
)

// Arg is the hidden first argument that makes the program a worker child; the engine's name follows it.
const Arg = "loam-worker"

// EnvStart is the variable that holds Start as JSON. The environment is for the owner's eyes only, the command line is
// for everyone's: the names of a person's folders belong here.
const EnvStart = "LOAM_WORKER"

// Start is what a child must know before its first frame.
type Start struct {
	Engine    string   `json:"engine"`
	ReadOnly  []string `json:"read_only,omitempty"` // files and folders it may read, all links resolved
	NoSandbox bool     `json:"no_sandbox,omitempty"`
	In        uint64   `json:"in,omitempty"` // Windows: inherited handles; elsewhere files 3 and 4
	Out       uint64   `json:"out,omitempty"`
}

// Environ is the entry for the child's environment.
func (s Start) Environ() (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("describe the engine process: %w", err)
	}
	return EnvStart + "=" + string(b), nil
}

// StartFromEnv reads what the parent left in the environment.
func StartFromEnv() (Start, error) {
	var s Start
	if err := json.Unmarshal([]byte(os.Getenv(EnvStart)), &s); err != nil {
		return s, fmt.Errorf("%s: %w", EnvStart, err)
	}
	return s, nil
}
