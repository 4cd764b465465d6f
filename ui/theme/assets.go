package theme

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// bundle is what was read from the assets: shared by all themes that were made from each other.
type bundle struct {
	fonts map[string]fyne.Resource             // by file name without its end
	icons map[fyne.ThemeIconName]fyne.Resource // in the text colour
}

func loadBundle(assets fs.FS) (*bundle, error) {
	b := &bundle{fonts: map[string]fyne.Resource{}, icons: map[fyne.ThemeIconName]fyne.Resource{}}
	for _, name := range []string{
		"Inter-Regular", "Inter-RegularItalic", "Inter-Medium", "Inter-SemiBold", "Inter-SemiBoldItalic",
		"JetBrainsMono-Regular", "JetBrainsMono-RegularItalic", "JetBrainsMono-SemiBold", "JetBrainsMono-SemiBoldItalic",
	} {
		data, err := fs.ReadFile(assets, path.Join("fonts", name+".ttf"))
		if err != nil {
			return nil, fmt.Errorf("read typeface %s: %w", name, err)
		}
		b.fonts[name] = fyne.NewStaticResource(name+".ttf", data)
	}
	for name, file := range iconFiles {
		if !strings.Contains(file, "/") {
			file = "icons/" + file
		}
		data, err := fs.ReadFile(assets, file+".svg")
		if err != nil {
			return nil, fmt.Errorf("read icon %s: %w", file, err)
		}
		b.icons[name] = fynetheme.NewThemedResource(fyne.NewStaticResource(path.Base(file)+".svg", data))
	}
	return b, nil
}

func (b *bundle) font(style fyne.TextStyle) fyne.Resource {
	if style.Symbol {
		return fynetheme.DefaultSymbolFont()
	}
	var name strings.Builder
	name.WriteString("Inter-")
	if style.Monospace {
		name.Reset()
		name.WriteString("JetBrainsMono-")
	}
	if style.Bold {
		name.WriteString("SemiBold")
	} else {
		name.WriteString("Regular")
	}
	if style.Italic {
		name.WriteString("Italic")
	}
	return b.fonts[name.String()]
}

func (b *bundle) icon(name fyne.ThemeIconName) fyne.Resource {
	if res, ok := b.icons[name]; ok {
		return res
	}
	return fynetheme.DefaultTheme().Icon(name) // a name that only a newer Fyne knows
}
