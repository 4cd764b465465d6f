// Package assets carries the files that Loam needs at run time inside the binary: typefaces, icons, the guide, the catalogue
// of models and the program's own mark, each with its licence. It imports nothing; main hands FS on to the window. The files
// are chosen, checked and copied by packaging/assets/fetch.sh; the folders app and catalogue hold our own work.
package assets

import "embed"

// FS holds fonts/*.ttf, icons/*.svg, app/*, licenses/*, guide/*.md and catalogue/loam.json. It is read-only and safe for concurrent use.
//
//go:embed fonts icons app licenses guide catalogue
var FS embed.FS
