package backend

import "time"

// DownloadState is the life of a download.
type DownloadState string

// The states of a download. None goes on by itself at the next launch: the network is used only when a person asks.
const (
	DownloadWaiting DownloadState = "waiting" // for its turn
	DownloadRunning DownloadState = "running"
	DownloadPaused  DownloadState = "paused" // by a person, or because the program ended
	DownloadFailed  DownloadState = "failed" // Error says why; it can go on
	DownloadDone    DownloadState = "done"
	DownloadRemoved DownloadState = "removed" // can be taken back until its bytes are freed
)

// Download is a model that is being fetched: one or several files of a repository at one commit.
type Download struct {
	ID        int64         `json:"id"`
	State     DownloadState `json:"state"`
	Rank      int64         `json:"rank"` // its place in the order, the smallest first
	DoneBytes int64         `json:"done"` // written and known to be on disk
	Error     string        `json:"error,omitempty"`
	ModelID   int64         `json:"model_id,omitempty"` // that it became; 0 = none yet
	Want      DownloadWant  `json:"want"`
	Created   time.Time     `json:"created"`
	Updated   time.Time     `json:"updated"`
}

// DownloadWant is what is to be fetched.
type DownloadWant struct {
	Name     string         `json:"name"` // for a person
	Kind     ModelKind      `json:"kind"`
	Repo     string         `json:"repo"`   // "owner/name"
	Commit   string         `json:"commit"` // so that all bytes are of one version
	License  string         `json:"license"`
	Source   string         `json:"source"`           // for a person: "huggingface.co/owner/name"
	Folder   string         `json:"folder,omitempty"` // where its files go, inside the models folder; set when it is added
	Files    []DownloadFile `json:"files"`
	Endpoint string         `json:"endpoint,omitempty"` // of the hub that promised the hashes; "" = the usual one
}

// SizeBytes is the size of all files.
func (w DownloadWant) SizeBytes() int64 {
	n := int64(0)
	for _, f := range w.Files {
		n += f.SizeBytes
	}
	return n
}

// DownloadFile is one file of a download.
type DownloadFile struct {
	Path      string `json:"path"` // in the repository, with slashes
	SizeBytes int64  `json:"size"`
	SHA256    string `json:"sha256,omitempty"` // lower-case hex
	GitSHA1   string `json:"git,omitempty"`    // of git's blob, where SHA256 is not told
	Verified  bool   `json:"verified,omitempty"`
	Place     string `json:"place,omitempty"` // inside the models folder; set when it is added
}
