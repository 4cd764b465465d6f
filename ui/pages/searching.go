package pages

import (
	"fyne.io/fyne/v2"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// searchField is the field of a page that finds things. Esc clears it, then leaves it; leave says what that is, and whether
// it was all that Esc is for; nil = nothing has the focus then.
func searchField(env Env, placeholder string, leave func() bool) *widgets.Field {
	f := widgets.NewField(placeholder)
	f.Icon = theme.IconIn(theme.IconSearch, theme.ColorQuiet)
	f.OnEsc = func() bool {
		if f.Text != "" {
			f.SetText("")
			return true
		}
		if leave != nil {
			return leave()
		}
		env.Host.Focus(nil)
		return true
	}
	return f
}

// seek brings a search up by its key: what is typed now is another search.
func seek(env Env, f *widgets.Field) {
	env.Host.Focus(f)
	f.TypedShortcut(&fyne.ShortcutSelectAll{})
}
