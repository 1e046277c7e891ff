-- What several nodes on one database need beyond Uptime Kuma's tables; docs/schema.md says why. Columns
-- may be NULL or have a default, so that a stock Uptime Kuma's INSERTs still work.
ALTER TABLE `monitor`
    ADD COLUMN IF NOT EXISTS `node_id` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN IF NOT EXISTS `assigned_node` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN IF NOT EXISTS `assignment_epoch` bigint unsigned NOT NULL DEFAULT 1,
    ADD COLUMN IF NOT EXISTS `pinned` tinyint(1) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS `change_seq` bigint unsigned NOT NULL DEFAULT 0;

ALTER TABLE `monitor`
    ADD KEY IF NOT EXISTS `monitor_effective_node` (`assigned_node`, `node_id`, `active`),
    ADD KEY IF NOT EXISTS `monitor_home_node` (`node_id`),
    ADD KEY IF NOT EXISTS `monitor_change_seq` (`change_seq`),
    ADD KEY IF NOT EXISTS `monitor_push_token` (`push_token`);

ALTER TABLE `heartbeat`
    ADD COLUMN IF NOT EXISTS `node_id` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN IF NOT EXISTS `epoch` bigint unsigned NULL,
    ADD COLUMN IF NOT EXISTS `scheduled_at` datetime(3) NULL;

ALTER TABLE `heartbeat`
    ADD UNIQUE KEY IF NOT EXISTS `heartbeat_scheduled` (`monitor_id`, `scheduled_at`);

CREATE TABLE IF NOT EXISTS `node` (
    `node_id` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `node_name` varchar(255) NOT NULL DEFAULT '',
    `host` varchar(255) NOT NULL DEFAULT '',
    `is_primary` tinyint(1) NOT NULL DEFAULT 0,
    `status` varchar(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'unknown',
    `status_since` datetime(3) NULL,
    `last_seen` datetime(3) NULL,
    `lease_until` datetime(3) NULL,
    `incarnation` bigint unsigned NOT NULL DEFAULT 0,
    `monitor_limit` int unsigned NULL,
    `version` varchar(50) NOT NULL DEFAULT '',
    `last_error` text NULL,
    `created_at` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (`node_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `cluster_lease` (
    `name` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `holder` varchar(255) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
    `term` bigint unsigned NOT NULL DEFAULT 0,
    `expires` datetime(3) NOT NULL,
    `acquired_at` datetime(3) NOT NULL,
    PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `cluster_counter` (
    `name` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `value` bigint unsigned NOT NULL,
    PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

INSERT IGNORE INTO `cluster_counter` (`name`, `value`) VALUES ('monitor', 1), ('tombstone_floor', 0);

CREATE TABLE IF NOT EXISTS `monitor_tombstone` (
    `monitor_id` int(10) unsigned NOT NULL,
    `change_seq` bigint unsigned NOT NULL,
    PRIMARY KEY (`monitor_id`),
    KEY `monitor_tombstone_change_seq` (`change_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `cluster_event` (
    `id` bigint unsigned NOT NULL AUTO_INCREMENT,
    `time` datetime(3) NOT NULL,
    `kind` varchar(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `node_id` varchar(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
    `monitors` bigint NOT NULL DEFAULT 0,
    `took_ms` bigint NOT NULL DEFAULT 0,
    `detail` text NOT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Monitors that were there before: one change of all of them. 0 marks rows that a stock Uptime Kuma adds.
UPDATE `monitor` SET `change_seq` = 1 WHERE `change_seq` = 0;
