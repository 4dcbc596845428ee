;;; lsp-mode.el --- A session with lsp-mode, in batch  -*- lexical-binding: t; -*-

;; emacs --batch -l lsp-mode.el FILE, with the init file and the packages of HOME.  Waits for what happens, each time for at
;; most 30 seconds, and ends with status 1 where it does not.

;;; Code:

(defun session-wait (what happened)
  "Run processes until HAPPENED returns non-nil; WHAT says what that is."
  (let ((end (+ (float-time) 30)) value)
    (while (and (not (setq value (funcall happened))) (< (float-time) end))
      (accept-process-output nil 1))
    (or value (progn (message "FAIL %s: it did not happen" what) (kill-emacs 1)))))

(setq create-lockfiles nil make-backup-files nil native-comp-deferred-compilation nil
      lsp-session-file (make-temp-file "lsp-session") lsp-auto-guess-root t lsp-guess-root-without-session t
      lsp-enable-file-watchers nil lsp-diagnostics-provider :flymake lsp-restart 'ignore
      lsp-auto-execute-action t lsp-keep-workspace-alive nil lsp-enable-snippet nil)
(require 'package)
(package-activate-all)
(require 'lsp-mode)
(require 'lsp-diagnostics)
(load "~/.emacs.d/init.el")
;; Servers of other languages and downloads stay out of it.
(setq lsp-enabled-clients '(awaitls))

(defun session-findings ()
  "Return the findings in this buffer."
  (append (gethash (lsp--fix-path-casing buffer-file-name) (lsp-diagnostics t)) nil))

(find-file (pop command-line-args-left))
(let* ((finding (car (session-wait "a finding" #'session-findings)))
       (start (gethash "start" (gethash "range" finding))))
  (message "line %d: [%s] %s" (1+ (gethash "line" start)) (gethash "code" finding) (gethash "message" finding))
  (unless (and (equal (gethash "code" finding) "unawaited-coroutine") (= (gethash "line" start) 6))
    (message "FAIL another finding was expected")
    (kill-emacs 1)))
(awaitls-fix-all)
(session-wait "the fix" (lambda () (string-match-p "await asyncio\\.sleep(1)" (buffer-string))))
(session-wait "the finding goes" (lambda () (lsp--on-idle (current-buffer)) (null (session-findings))))
(save-buffer)
(message "done")
(kill-emacs 0)
;;; lsp-mode.el ends here
