// Package native proves what packaging/native builds and what the program links of it: every CPU variant is there and can be
// asked for its score, no library carries a path of the building machine or looks for another one outside its own folder, the
// starter model is the pinned file, and the program keeps the engine's symbols to itself, since the libraries bring their own.
// Its tests read what make build has made and are no part of the program.
package native
