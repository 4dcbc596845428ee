;;; awaitls-test.el --- Tests of awaitls.el  -*- lexical-binding: t; -*-

;; emacs -Q --batch -L editors/emacs -l tests/editors/emacs/awaitls-test.el -f ert-run-tests-batch-and-exit, with the program
;; `awaitls' in PATH.

;;; Code:

(require 'ert)
(require 'awaitls)

(ert-deftest awaitls-test-contact ()
  (should (equal (awaitls-eglot-contact) '("awaitls" "server")))
  (should (equal (awaitls-eglot-contact t) '("awaitls" "server")))
  (let ((awaitls-settings '(:ignore ["RUF006"])))
    (should (equal (awaitls-eglot-contact nil 'project)
                   '("awaitls" "server" :initializationOptions (:ignore ["RUF006"]))))))

(ert-deftest awaitls-test-companions ()
  (let ((awaitls-companions '(("pyright" "--stdio") ("ruff" "server")))
        (awaitls-multiplexer "sh")
        (awaitls-settings '(:ignore ["RUF006"])))
    (should (equal (awaitls-eglot-contact)
                   '("sh" "--" "pyright" "--stdio" "--" "ruff" "server" "--" "awaitls" "server")))))

(ert-deftest awaitls-test-missing-program ()
  (let ((awaitls-command '("no-such-program" "server")))
    (should (string-match-p "no-such-program.*awaitls-command"
                            (cadr (should-error (awaitls-eglot-contact) :type 'user-error)))))
  (let ((awaitls-companions '(("ruff" "server"))) (awaitls-multiplexer "no-such-program"))
    (should (string-match-p "no-such-program.*awaitls-multiplexer"
                            (cadr (should-error (awaitls-eglot-contact) :type 'user-error))))))

(ert-deftest awaitls-test-registers ()
  (skip-unless (locate-library "eglot"))
  (require 'eglot)
  (should (member '((python-mode python-ts-mode) . awaitls-eglot-contact) eglot-server-programs)))

(ert-deftest awaitls-test-registers-with-lsp-mode ()
  (skip-unless (locate-library "lsp-mode"))
  (require 'lsp-mode)
  (should (gethash 'awaitls (symbol-value 'lsp-clients)))
  (should (funcall (intern "lsp--client-add-on?") (gethash 'awaitls (symbol-value 'lsp-clients)))))

(ert-deftest awaitls-test-commands-without-server ()
  (with-temp-buffer
    (should-error (awaitls-fix-all) :type 'user-error)
    (should-error (awaitls-restart) :type 'user-error)))

(ert-deftest awaitls-test-rules ()
  (should (member "blocking-sleep" (awaitls--rules)))
  (awaitls-rule "blocking-sleep")
  (with-current-buffer "*awaitls blocking-sleep*"
    (should (string-match-p "time\\.sleep" (buffer-string))))
  (should-error (awaitls-rule "no-such-rule"))
  (with-temp-buffer
    (insert "await f()  # awaitls: ignore[unawaited-coroutine]")
    (search-backward "coroutine")
    (should (equal (awaitls--rule-at-point) "unawaited-coroutine"))
    (goto-char (point-min))
    (should-not (awaitls--rule-at-point))))

(ert-deftest awaitls-test-check ()
  (let ((folder (make-temp-file "awaitls" t)))
    (unwind-protect
        (progn
          (with-temp-file (expand-file-name "app.py" folder)
            (insert "import time\n\n\nasync def main():\n    time.sleep(1)\n"))
          (awaitls-check folder)
          (with-current-buffer "*awaitls check*"
            (while (get-buffer-process (current-buffer))
              (accept-process-output (get-buffer-process (current-buffer))))
            (goto-char (point-min))
            (search-forward "app.py:5:5: blocking-sleep")
            (should (get-text-property (line-beginning-position) 'compilation-message))))
      (delete-directory folder t))))

(ert-deftest awaitls-test-fix-on-save-mode ()
  (with-temp-buffer
    (awaitls-fix-on-save-mode)
    (should (memq #'awaitls--fix-before-save before-save-hook))
    (run-hooks 'before-save-hook)
    (awaitls-fix-on-save-mode -1)
    (should-not (memq #'awaitls--fix-before-save before-save-hook))))

;;; awaitls-test.el ends here
