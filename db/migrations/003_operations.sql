-- What operators' controls keep; docs/schema.md says why. Columns may be NULL or have a default, so that a
-- stock Uptime Kuma's INSERTs still work.
ALTER TABLE `monitor`
    ADD COLUMN IF NOT EXISTS `assigned_reason` varchar(20) CHARACTER SET ascii COLLATE ascii_bin NULL;

ALTER TABLE `node`
    ADD COLUMN IF NOT EXISTS `draining` tinyint(1) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS `drain_strategy` varchar(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN IF NOT EXISTS `drain_target` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN IF NOT EXISTS `weight` int unsigned NULL;

-- Until now the state alone said that an operator wants a node drained.
UPDATE `node` SET `draining` = 1, `drain_strategy` = 'distribute' WHERE `status` = 'draining' AND `draining` = 0;

CREATE TABLE IF NOT EXISTS `cluster_setting` (
    `name` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `value` mediumtext NOT NULL,
    PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `cluster_operation` (
    `id` bigint unsigned NOT NULL AUTO_INCREMENT,
    `time` datetime(3) NOT NULL,
    `actor` varchar(255) NOT NULL,
    `address` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    `action` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `target` varchar(255) NOT NULL DEFAULT '',
    `reason` text NOT NULL,
    `result` varchar(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `detail` text NOT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `gateway` (
    `id` varchar(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `address` varchar(255) NOT NULL DEFAULT '',
    `version` varchar(50) NOT NULL DEFAULT '',
    `started_at` datetime(3) NOT NULL,
    `last_seen` datetime(3) NOT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
