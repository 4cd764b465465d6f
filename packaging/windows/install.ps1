# Installs Loam for this user from the folder that this script lies in, without an administrator: the program, an entry in the
# Start menu, "Open with Loam" for model files and pictures, "loam" in a terminal, an entry under Installed apps.
#   install.ps1           installs, over an older version too
#   install.ps1 -Remove   takes all of that out again
# Chats, pictures and models lie in other folders and are never touched.
param([switch]$Remove)
$ErrorActionPreference = 'Stop'

$here    = Split-Path -Parent $MyInvocation.MyCommand.Path
$place   = Join-Path $env:LOCALAPPDATA 'Programs\Loam'
$program = Join-Path $place 'loam.exe'
$menu    = Join-Path ([Environment]::GetFolderPath('Programs')) 'Loam.lnk'
$classes = 'HKCU:\Software\Classes'
$app     = 'HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\Loam'
$models  = '.gguf', '.safetensors'
$shown   = '.png', '.jpg', '.jpeg', '.webp'

function Set-Key($path, $values) {
    if (-not (Test-Path -LiteralPath $path)) { New-Item -Path $path -Force | Out-Null }
    foreach ($name in $values.Keys) { New-ItemProperty -LiteralPath $path -Name $name -Value $values[$name] -Force | Out-Null }
}

function Remove-Key($path) { if (Test-Path -LiteralPath $path) { Remove-Item -LiteralPath $path -Recurse -Force } }

# The person's own PATH, with its variables left as they are written.
function Set-Path($change) {
    $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
    $old = [string]$key.GetValue('Path', '', 'DoNotExpandEnvironmentNames')
    $new = (& $change @($old -split ';' | Where-Object { $_ -and $_ -ne $place })) -join ';'
    if ($new -ne $old) { $key.SetValue('Path', $new, 'ExpandString') }
    $key.Close()
    # Explorer, which starts terminals, hears of the change by this call's message to all windows; the variable does not exist.
    [Environment]::SetEnvironmentVariable('LOAM_INSTALLED', $null, 'User')
}

function Update-Explorer {
    Add-Type -Namespace Loam -Name Shell -MemberDefinition '[DllImport("shell32.dll")] public static extern void SHChangeNotify(int what, uint flags, IntPtr a, IntPtr b);'
    [Loam.Shell]::SHChangeNotify(0x08000000, 0, [IntPtr]::Zero, [IntPtr]::Zero) # file types changed
}

$running = @(Get-Process -Name 'loam*' -ErrorAction SilentlyContinue |
    Where-Object { $_.Path -and $_.Path.StartsWith("$place\", 'OrdinalIgnoreCase') })
if ($running.Count -gt 0) { Write-Host 'Loam is running. Close it and start this again.'; exit 1 }

if ($Remove) {
    foreach ($end in $models + $shown) {
        $with = "$classes\$end\OpenWithProgids"
        if (Test-Path -LiteralPath $with) { foreach ($id in 'Loam.Model', 'Loam.Picture') { Remove-ItemProperty -LiteralPath $with -Name $id -ErrorAction SilentlyContinue } }
        $type = Get-Item -LiteralPath "$classes\$end" -ErrorAction SilentlyContinue
        if ($type -and $type.GetValue('') -eq 'Loam.Model') { Remove-ItemProperty -LiteralPath "$classes\$end" -Name '(default)' }
    }
    foreach ($key in "$classes\Loam.Model", "$classes\Loam.Picture", "$classes\Applications\loam.exe", $app) { Remove-Key $key }
    Set-Path { param($parts) $parts }
    Remove-Item -LiteralPath $menu -ErrorAction SilentlyContinue
    Update-Explorer
    Set-Location $env:TEMP # a folder in use cannot be removed
    Remove-Item -LiteralPath $place -Recurse -Force
    Write-Host 'Loam is removed. Your chats, pictures and models are still there.'
    exit
}

if ($here -ne $place) {
    # The new files lie complete beside the old ones before those go.
    $new = "$place.new"
    if (Test-Path -LiteralPath $new) { Remove-Item -LiteralPath $new -Recurse -Force }
    New-Item -ItemType Directory -Path $new -Force | Out-Null
    Get-ChildItem -LiteralPath $here | Copy-Item -Destination $new -Recurse
    Get-ChildItem -LiteralPath $new -Recurse -File | Unblock-File
    if (Test-Path -LiteralPath $place) { Remove-Item -LiteralPath $place -Recurse -Force }
    Move-Item -LiteralPath $new -Destination $place
}

$shell = New-Object -ComObject WScript.Shell
$link = $shell.CreateShortcut($menu)
$link.TargetPath = $program
$link.WorkingDirectory = [Environment]::GetFolderPath('UserProfile')
$link.Description = 'Chat and make pictures with open models on your own computer'
$link.Save()

foreach ($type in @('Loam.Model', 'AI model'), @('Loam.Picture', 'Picture')) {
    Set-Key "$classes\$($type[0])" @{ '(default)' = $type[1] }
    Set-Key "$classes\$($type[0])\DefaultIcon" @{ '(default)' = "`"$program`",0" }
    Set-Key "$classes\$($type[0])\shell\open\command" @{ '(default)' = "`"$program`" `"%1`"" }
}
Set-Key "$classes\Applications\loam.exe" @{ FriendlyAppName = 'Loam' }
Set-Key "$classes\Applications\loam.exe\shell\open\command" @{ '(default)' = "`"$program`" `"%1`"" }
foreach ($end in $models) {
    Set-Key "$classes\$end\OpenWithProgids" @{ 'Loam.Model' = '' }
    if (-not (Get-Item -LiteralPath "$classes\$end").GetValue('')) { Set-Key "$classes\$end" @{ '(default)' = 'Loam.Model' } }
}
foreach ($end in $shown) { Set-Key "$classes\$end\OpenWithProgids" @{ 'Loam.Picture' = '' } } # offered, never taken over
Set-Path { param($parts) @($parts) + $place }

$again = "powershell.exe -NoProfile -ExecutionPolicy Bypass -File `"$(Join-Path $place 'install.ps1')`" -Remove"
$about = (Get-Item -LiteralPath $program).VersionInfo.ProductVersion
Set-Key $app @{ DisplayName = 'Loam'; DisplayVersion = "$about"; Publisher = 'The authors of Loam'; DisplayIcon = $program
                InstallLocation = $place; UninstallString = $again; NoModify = 1; NoRepair = 1 }
Update-Explorer
Write-Host "Loam is in the Start menu. A new terminal knows the command: loam --help"
