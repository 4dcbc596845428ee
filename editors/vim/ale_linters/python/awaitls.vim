" Description: asyncio bugs in Python, by the language server awaitls

call ale#Set('python_awaitls_executable', 'awaitls')
call ale#Set('python_awaitls_settings', {})

function! AwaitlsRoot(buffer) abort
    for l:marker in ['awaitls.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt']
        let l:file = ale#path#FindNearestFile(a:buffer, l:marker)
        if !empty(l:file)
            return fnamemodify(l:file, ':h')
        endif
    endfor
    let l:git = ale#path#FindNearestDirectory(a:buffer, '.git')
    " ALE starts no server without a root.
    return empty(l:git) ? expand('#' . a:buffer . ':p:h') : fnamemodify(l:git, ':h:h')
endfunction

call ale#linter#Define('python', {
\   'name': 'awaitls',
\   'lsp': 'stdio',
\   'executable': {b -> ale#Var(b, 'python_awaitls_executable')},
\   'command': '%e server',
\   'language': 'python',
\   'project_root': function('AwaitlsRoot'),
\   'initialization_options': {b -> ale#Var(b, 'python_awaitls_settings')},
\})
