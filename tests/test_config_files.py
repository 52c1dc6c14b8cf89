"""What is told of a wrong key or value in gateway.toml and partner files, and that nothing wrong is passed over."""

from __future__ import annotations

import shutil

import pytest

from gateway.config_files import GatewayFile, PartnerFile, read_file
from gateway.errors import ConfigError
from gateway.settings import base_mappings
from gateway.site import load_site

PARTNER = 'originator_code = "X"\nsenders = ["A", { id = "B", qualifier = "02" }]\nreceivers = ["C"]\n'

WRONG = [
    (GatewayFile, 'ledger_url = "x"', 'key "ledger_url" is not known', "Did you mean ledger?"),
    (GatewayFile, 'workers = "2"', "workers is text in quotes", "a whole number"),
    (GatewayFile, "workers = 99", "workers is not understood", "a whole number <= 64"),
    (GatewayFile, '[sftp]\nhots = "x"', 'key "sftp.hots" is not known', "Did you mean host?"),
    (GatewayFile, '[alerts]\nwebhook = "ftp://x"', "alerts.webhook is not understood", "https://host/path"),
    (GatewayFile, '[alerts]\ncommand = "page"', "alerts.command is text in quotes", "a list"),
    (GatewayFile, '[responses]\nhost = "x"', "responses.user is missing", "docs/partners.md"),
    (GatewayFile, "[retention]\nraw = 0", "retention.raw is not understood", "a whole number >= 1"),
    (GatewayFile, "[encryption]\nkey_files = []", "encryption.key_files is not understood", ".key"),
    (GatewayFile, "poll_seconds = 0", "poll_seconds is not understood", "a number > 0"),
    (PartnerFile, "", "originator_code is missing", "docs/partners.md"),
    (PartnerFile, PARTNER + 'tolerance = "lenint"', 'tolerance "lenint" is not known', "lenient, strict"),
    (
        PartnerFile,
        PARTNER + 'severities = { A = "loud" }',
        'severities "loud" is not known',
        "error, warning, info, off",
    ),
    (PartnerFile, PARTNER + 'acks = { ta1 = "x" }', 'acks.ta1 "x" is not known', "requested"),
    (PartnerFile, PARTNER + 'acks = { application = "824+999" }', "acks.application is not understood", "joined by +"),
    (PartnerFile, PARTNER + 'unwrap = ["rar"]', 'unwrap "rar" is not known', "zip, gz, pgp"),
    (PartnerFile, PARTNER + 'unwrap = "zip"', "unwrap is text in quotes", "a list"),
    (PartnerFile, PARTNER + "join_hours = -1", "join_hours is not understood", "a number >= 0"),
    (PartnerFile, PARTNER + 'filer_type_by_mode = { plane = "carrier" }', '"plane" is not known', "air, truck"),
    (PartnerFile, PARTNER + 'filer_type_by_mode = { air = "x" }', 'filer_type_by_mode "x" is not known', "carrier"),
    (PartnerFile, PARTNER + 'default_currency = "usd"', "default_currency is not understood", "three letters"),
    (PartnerFile, PARTNER + 'own_id = { qualifier = "ZZ" }', "own_id.id is missing", "docs/partners.md"),
    (PartnerFile, PARTNER + 'allow_test = "yes"', "allow_test is text in quotes", "true or false"),
]


@pytest.mark.parametrize(("kind", "text", "message", "advice"), WRONG, ids=[w[2] for w in WRONG])
def test_a_wrong_setting_is_told_with_what_to_write(tmp_path, kind, text, message, advice):
    path = tmp_path / "some.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as told:
        read_file(path, kind)
    assert message in told.value.message
    assert advice in told.value.advice
    assert told.value.message.startswith("some.toml: ")
    assert "`" not in told.value.message + told.value.advice


def test_what_is_not_said_has_a_default_and_numbers_may_be_whole(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text("poll_seconds = 1\n[fx_usd]\nCAD = 0.7\n")
    read = read_file(path, GatewayFile)
    assert (read.poll_seconds, read.sftp.port, read.fx_usd) == (1.0, 2222, {"CAD": 0.7})


def test_a_severity_of_a_rule_that_nothing_knows_is_refused(tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(base_mappings() / "profiles" / "base", folder)
    partner = next((folder / "partners").glob("*.toml"))
    partner.write_text(partner.read_text() + '\n[severities]\nS321-REGIEM = "warning"\n')
    with pytest.raises(ConfigError, match='no rule "S321-REGIEM"') as told:
        load_site(folder)
    assert told.value.advice == "Did you mean S321-REGIME?"
