// Package assets carries the files that Loam needs at run time inside the binary: typefaces, icons, the guide and the program's own
// mark, each with its licence. It imports nothing; main hands FS on to the window. The files are chosen, checked and
// copied by packaging/assets/fetch.sh; the folder app holds our own drawings.
package assets

import "embed"

// FS holds fonts/*.ttf, icons/*.svg, app/*, licenses/* and guide/*.md. It is read-only and safe for concurrent use.
//
//go:embed fonts icons app licenses guide
var FS embed.FS
