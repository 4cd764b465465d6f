@echo off
rem Explorer opens a .ps1 in an editor; this runs it.
powershell.exe -NoProfile -ExecutionPolicy Bypass -File "%~dp0install.ps1" %*
pause
