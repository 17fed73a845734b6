"""Where the manuals' commands are executed that `test_commands.py` does not execute itself."""

# A command, or what it begins with → the test that executes it.
TESTED = {
    ".venv/bin/python -m portal.servers roles":
        "portal/servers/test_stack.py::test_the_command_makes_roles_again_or_says_why_not",
    ".venv/bin/python -m portal.servers up":
        "portal/servers/test_commands.py::test_up_env_and_down",
    "cd /srv/agentcache && .venv/bin/python -m portal.servers.units":
        "docs/test_deploy.py::test_the_steps_of_one_machine_leave_what_they_say",
    ".venv/bin/python -m portal.servers.units /etc/systemd/system --only":
        "portal/servers/test_units.py"
        "::test_a_machine_among_several_has_its_own_and_migrates_where_the_owner_is",
    "install ": "docs/test_deploy.py::test_the_steps_of_one_machine_leave_what_they_say",
    "for name in kek": "docs/test_deploy.py::test_the_steps_of_one_machine_leave_what_they_say",
    "cat /srv/agentcache/docs/deploy/machine.example":
        "docs/test_deploy.py::test_the_steps_of_one_machine_leave_what_they_say",
    "printf '[Service]": "docs/test_deploy.py::test_the_steps_of_one_machine_leave_what_they_say",
    "agentcache-manage ":
        "docs/test_deploy.py::test_a_command_gets_the_account_and_the_variables_of_the_file",
    "set -a; . /etc/agentcache/environment":
        "docs/test_deploy.py::test_the_file_with_the_variables_is_read_by_a_shell",
    "python -m portal.servers.units":
        "portal/servers/test_units.py::test_they_are_written_and_systemd_finds_no_fault",
    "manage.py revoke_key acme-cache KEY_ID --as kim@example.com --emergency":
        "cache_api/test_revoke_now.py::test_it_is_stopped_told_and_written_down_once",
    "manage.py offboard_partner":
        "billing/test_offboarding.py::test_it_leaves_whole_once_and_alone",
    "manage.py offboard_partner acme-cache --drop":
        "billing/test_dropping.py::test_it_goes_once_whole_and_alone_when_nothing_rests_on_it",
    "manage.py export_usage":
        "cache_api/actions/test_usage_days.py::test_the_commands_say_what_they_did",
    "manage.py restore_usage":
        "cache_api/actions/test_usage_days.py::test_the_commands_say_what_they_did",
    "manage.py import_usage":
        "cache_api/actions/test_import_usage.py"
        "::test_the_command_prints_every_bad_value_and_fails",
    "manage.py record":
        "cache_api/actions/test_drain_stream.py"
        "::test_once_drains_and_ends_and_says_when_a_server_is_away",
    "manage.py record --retry-dead":
        "cache_api/actions/test_drain_stream.py"
        "::test_poison_goes_to_the_dead_letters_and_the_rest_goes_on",
    "manage.py promote_region":
        "cache_api/actions/test_promote_region.py"
        "::test_the_command_says_what_it_did_and_is_in_the_audit_log",
    "manage.py read_bounce":
        "portal/views/test_bounces.py"
        "::test_the_command_takes_what_postfix_pipes_and_never_answers_with_a_bounce",
    "manage.py reconcile --noted STEP:HASH":
        "billing/test_reconcile.py"
        "::test_rows_that_vanish_with_their_seal_are_found_by_whoever_noted_it",
    "manage.py rotate_kek":
        "portal/test_rotate_kek.py::test_keys_secrets_and_entries_open_before_during_and_after",
    "manage.py destroy_data_keys":
        "cache_api/test_crypto_erase.py::test_the_command_asks_twice",
    "manage.py check --deploy":
        "tenants/test_deploy_checks.py::test_a_safe_installation_passes",
    "manage.py migrate_schemas":
        "portal/test_upgrade.py::test_back_to_the_release_before_and_forward_again_with_data",
    "manage.py migrate_back":
        "portal/test_upgrade.py::test_back_to_the_release_before_and_forward_again_with_data",
    "manage.py migrate_partners":
        "tenants/test_migrating.py"
        "::test_one_that_fails_holds_up_no_other_and_is_done_once_it_is_mended",
    "manage.py adopt_accounts":
        "billing/test_connected_accounts.py::test_accounts_named_before_connect_are_taken_over",
    "manage.py write_holding_pages":
        "tenants/test_holding_pages.py::test_the_command_says_what_it_wrote_or_why_not",
    "caddy run":
        "tenants/test_caddy.py::test_a_verified_domain_is_served_by_tls_and_a_stranger_is_refused",
    "agentcache verify-statement":
        "billing/test_statement_archive.py::test_a_clean_room_gives_the_statement_to_the_cent",
    "node sdk/js/test/run-vectors.mjs":
        "cache_api/rules/test_digest.py::test_the_same_vectors_pass_in_node",
    "docker compose -f docs/deploy/compose.yaml --env-file environment config":
        "docs/test_deploy.py::test_compose_itself_takes_the_file",
    "agentcache ping": "sdk/python/tests/llm/test_cli.py::test_ping",
    "agentcache get --key": "sdk/python/tests/llm/test_cli.py::test_put_then_get",
    "agentcache put --key": "sdk/python/tests/llm/test_cli.py::test_put_then_get",
    "agentcache explain": "sdk/python/tests/llm/test_cli.py::test_explain_says_what_differs",
    "agentcache stats":
        "sdk/python/tests/llm/test_cli.py::test_statistics_are_asked_of_the_portal",
    "agentcache simulate": "sdk/python/tests/llm/test_cli.py::test_simulate",
    "make run": "portal/servers/test_run.py::test_starts_answers_and_leaves_nothing",
    "make run REGIONS": "portal/servers/test_regions.py::test_a_number_or_names",
    "make demo-month":
        "portal/demo/test_clock.py::test_it_is_moved_only_while_the_demo_stands_still",
    "make tour":
        "portal/demo/test_tour.py"
        "::test_the_command_makes_the_same_checks_and_ends_with_1_when_one_fails",
    "make sbom": "bench/test_sbom.py::test_every_pin_is_there_with_its_digests",
    "make audit": "bench/test_audit.py::test_a_known_vulnerability_is_named_and_fails",
    "curl": "cache_api/test_manual.py::test_the_requests_of_the_manual_are_answered_as_it_says",
}  # fmt: skip
# The same → why no test executes it.
UNTRIED = {
    ".venv/bin/python manage.py": "what `manage.py` stands for in the manuals",
    "manage.py open_partner --host": "an option that is spoken of, not a command",
    "manage.py provision": "a process of the table, which the tests' partners are opened by",
    "manage.py demo_traffic": "a process of the demo, until it is stopped",
    "export ": "puts a password or a key into the shell",
    ".venv/bin/python -m pip": "installs from the network; .ci/run calls make install-semantic",
    "pip install": "installs from the network, on the receiver's side",
    "apt-get": "installs on the machine",
    "npm install": "installs from the network; sdk/js/test/package.test.mjs packs and imports it",
    "useradd": "makes an account on the machine",
    "mkdir -m 700 .data-real": "makes the folder of the try, which the shell test also has",
    "cd /srv/agentcache && make install-run PYTHON": "as make install-run",
    "systemctl": "starts services on the machine; test_units.py has them read",
    "journalctl": "reads the machine's journal",
    "tc ": "needs a kernel module",
    "docker compose -f docs/deploy/compose.yaml --env-file environment up": "needs images",
    "docker compose -f docs/deploy/compose.yaml --env-file environment exec": "needs containers",
    "… exec": "needs containers",
    "make install-run": "installs from the network; every make target begins with the same recipe",
    "make test": "what runs this",
    "manage.py texts": "writes into the checkout; test_catalogs.py compares what it would find",
    "make test-sdk": "as the suite of its own; make test ends with it",
    ".venv/bin/python -m pytest": "what runs this",
    "make pack-sdk-js": "sdk/js/test/package.test.mjs packs the same",
    "node sdk/js/bench/overhead.mjs": "a benchmark; the figures that it left stand beside it",
    "manage.py open_partner SLUG": "the command in words; the whole one is executed",
    "manage.py settle YYYY-MM": "the command in words; the whole one is executed",
    "make screenshots": "takes minutes; the pages are looked at in tests/browser",
    "make lint": "the first line of .ci/run after its packages",
    "make soak": "takes a quarter of an hour; its parts are tested in tests/bench/test_soak.py",
    "make drill": "takes minutes; it executes this manual's blocks as they stand",
    "make bench": "takes minutes; the figures that it left lie beside the page",
    "python -m bench": "takes minutes; the figures that it left lie beside the page",
}
