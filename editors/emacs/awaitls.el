;;; awaitls.el --- Find asyncio bugs in Python while you type  -*- lexical-binding: t; -*-

;; Author: The authors of awaitls
;; URL: https://github.com/awaitls/awaitls
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages, tools, convenience
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; awaitls is a language server that finds coroutines which are never awaited, calls that block the event loop, tasks that
;; nobody keeps and cancellations that are swallowed.
;;
;; Installed as a package it tells Eglot and lsp-mode about the server; `M-x eglot' or `M-x lsp' in a Python buffer starts it.
;;
;; Eglot has one server for a buffer.  To keep another one beside awaitls, name it in `awaitls-companions' and install the
;; multiplexer `rass' (pip install rassumfrassum).  lsp-mode runs awaitls in addition to its other servers.

;;; Code:

(require 'compile)
(require 'project)
(require 'seq)

(defgroup awaitls nil
  "Bugs of asynchronous code in Python."
  :group 'languages
  :prefix "awaitls-")

(defcustom awaitls-command '("awaitls" "server")
  "The program and the arguments that run the language server."
  :type '(repeat string))

(defcustom awaitls-settings nil
  "Settings as in [tool.awaitls], on top of the project's, as a property list.
For example (:ignore [\"reportUnusedCoroutine\"]).
They are read when the server starts."
  :type 'plist)

(defcustom awaitls-companions nil
  "Commands of the servers that Eglot is to run beside awaitls.
For example ((\"basedpyright-langserver\" \"--stdio\")).  With one or more,
the program `awaitls-multiplexer' runs them all."
  :type '(repeat (repeat string)))

(defcustom awaitls-multiplexer "rass"
  "The program that makes several language servers one, for `awaitls-companions'."
  :type 'string)

(defun awaitls--program (name)
  "Return NAME if it is a program, else signal an error with advice."
  (if (executable-find name)
      name
    (user-error "There is no program `%s' in `exec-path'; see `%s'" name
                (if (equal name awaitls-multiplexer) "awaitls-multiplexer" "awaitls-command"))))

;;; Eglot

(defvar eglot-server-programs)
(declare-function flymake-diagnostics "flymake")
(declare-function flymake-diagnostic-text "flymake")
(declare-function eglot-code-actions "ext:eglot")
(declare-function eglot-current-server "ext:eglot")
(declare-function eglot-managed-p "ext:eglot")
(declare-function eglot-reconnect "ext:eglot")
(declare-function eglot-execute "ext:eglot")
(declare-function eglot--apply-workspace-edit "ext:eglot")

;;;###autoload
(defun awaitls-eglot-contact (&rest _)
  "Return what Eglot is to run, for `eglot-server-programs'."
  (awaitls--program (car awaitls-command))
  (cond
   (awaitls-companions
    (cons (awaitls--program awaitls-multiplexer)
          (seq-mapcat (lambda (command) (cons "--" command))
                      (append awaitls-companions (list awaitls-command)))))
   (awaitls-settings
    (append awaitls-command (list :initializationOptions awaitls-settings)))
   (t awaitls-command)))

;;;###autoload
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '((python-mode python-ts-mode) . awaitls-eglot-contact)))

;;; lsp-mode

(declare-function make-lsp-client "ext:lsp-mode")
(declare-function lsp-activate-on "ext:lsp-mode")
(declare-function lsp-register-client "ext:lsp-mode")
(declare-function lsp-stdio-connection "ext:lsp-mode")
(declare-function lsp-execute-code-action-by-kind "ext:lsp-mode")
(declare-function lsp-workspace-restart "ext:lsp-mode")
(declare-function lsp-find-workspace "ext:lsp-mode")
(defvar lsp-mode)

;;;###autoload
(defun awaitls-register-lsp-mode ()
  "Add awaitls to the servers of lsp-mode."
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () awaitls-command))
                    :activation-fn (lsp-activate-on "python")
                    :initialization-options (lambda () awaitls-settings)
                    :add-on? t
                    :priority -2
                    :server-id 'awaitls)))

;;;###autoload
(with-eval-after-load 'lsp-mode (awaitls-register-lsp-mode))

;;; Commands

(defun awaitls--client ()
  "Return the client of this buffer, or signal an error."
  (cond ((and (fboundp 'eglot-managed-p) (eglot-managed-p)) 'eglot)
        ((bound-and-true-p lsp-mode) 'lsp-mode)
        (t (user-error "No language server serves this buffer: M-x eglot, or M-x lsp"))))

(defun awaitls--eglot-execute (action)
  "Carry out ACTION of the server."
  (if (fboundp 'eglot-execute)
      (eglot-execute (eglot-current-server) action)
    (eglot--apply-workspace-edit (plist-get action :edit))))

;;;###autoload
(defun awaitls-fix-all ()
  "Apply all safe fixes of awaitls to this buffer."
  (interactive)
  (let ((kind "source.fixAll.awaitls"))
    (if (eq (awaitls--client) 'lsp-mode)
        (lsp-execute-code-action-by-kind kind)
      (let* ((actions (eglot-code-actions (point-min) (point-max) kind))
             (action (seq-find (lambda (one) (equal (plist-get one :kind) kind)) actions)))
        (if action
            (awaitls--eglot-execute action)
          (message "awaitls: there is nothing to fix"))))))

(defun awaitls--fix-before-save ()
  "Fix what can be fixed, if there is a server.
The buffer is saved also when that fails."
  (with-demoted-errors "awaitls: %S"
    (when (or (and (fboundp 'eglot-managed-p) (eglot-managed-p)) (bound-and-true-p lsp-mode))
      (awaitls-fix-all))))

;;;###autoload
(define-minor-mode awaitls-fix-on-save-mode
  "Apply all safe fixes of awaitls before this buffer is saved."
  :lighter nil
  (if awaitls-fix-on-save-mode
      (add-hook 'before-save-hook #'awaitls--fix-before-save nil t)
    (remove-hook 'before-save-hook #'awaitls--fix-before-save t)))

;;;###autoload
(defun awaitls-restart ()
  "Start the language server of this buffer anew."
  (interactive)
  (if (eq (awaitls--client) 'lsp-mode)
      (lsp-workspace-restart (lsp-find-workspace 'awaitls))
    (eglot-reconnect (eglot-current-server) t)))

(defun awaitls--output (&rest arguments)
  "Return what the program prints when it is run with ARGUMENTS."
  (with-temp-buffer
    (let ((status (apply #'call-process (awaitls--program (car awaitls-command)) nil t nil arguments)))
      (unless (equal status 0)
        (error "Awaitls says: %s" (string-trim (buffer-string))))
      (buffer-string))))

(defun awaitls--rules ()
  "Return the names of all rules."
  (mapcar (lambda (line) (car (split-string line)))
          (split-string (awaitls--output "rule" "--all") "\n" t)))

(defun awaitls--rule-at-point ()
  "Return the rule that is named at point, in a diagnostic or a comment."
  (let ((word (thing-at-point 'symbol t)))
    (if (and word (string-match-p "\\`[a-z]+\\(?:-[a-z]+\\)+\\'" word))
        word
      (seq-some (lambda (diagnostic)
                  (let ((text (flymake-diagnostic-text diagnostic)))
                    (and (string-match "\\[\\([a-z]+\\(?:-[a-z]+\\)+\\)\\]" text) (match-string 1 text))))
                (and (bound-and-true-p flymake-mode) (flymake-diagnostics (point)))))))

;;;###autoload
(defun awaitls-rule (name)
  "Show the page of the rule NAME: what it finds, why, and when not to follow it."
  (interactive
   (let ((here (awaitls--rule-at-point)))
     (list (completing-read (format-prompt "Rule" here) (awaitls--rules) nil t nil nil here))))
  (let ((page (awaitls--output "rule" name)))
    (with-help-window (format "*awaitls %s*" name)
      (princ page))))

;;;###autoload
(defun awaitls-check (folder)
  "Check all files of FOLDER, the project's by default, and list what is found."
  (interactive
   (list (if-let* ((project (and (not current-prefix-arg) (project-current))))
             (project-root project)
           (read-directory-name "Check: "))))
  (let ((default-directory (file-name-as-directory (expand-file-name folder)))
        (process-environment (cons "NO_COLOR=1" process-environment)))
    (compilation-start
     (concat (shell-quote-argument (awaitls--program (car awaitls-command))) " check --output-format concise .")
     nil (lambda (_) "*awaitls check*"))))

(provide 'awaitls)
;;; awaitls.el ends here
