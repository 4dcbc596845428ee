" For vim-lsp; ALE finds its own file in ale_linters.
if exists('g:loaded_awaitls')
    finish
endif
let g:loaded_awaitls = 1

function! s:register() abort
    if !executable('awaitls')
        return
    endif
    let l:markers = ['awaitls.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', '.git/']
    call lsp#register_server({
    \   'name': 'awaitls',
    \   'cmd': ['awaitls', 'server'],
    \   'allowlist': ['python'],
    \   'root_uri': {_ -> lsp#utils#path_to_uri(lsp#utils#find_nearest_parent_file_directory(lsp#utils#get_buffer_path(), l:markers))},
    \   'initialization_options': get(g:, 'awaitls_settings', {}),
    \})
endfunction

augroup awaitls
    autocmd!
    autocmd User lsp_setup call s:register()
augroup END
