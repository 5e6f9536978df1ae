ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl create Sampling_App type=acl-new id=42
ovn-nbctl create Sampling_App type=acl-est id=43
ovn-nbctl ls-add sw1
ovn-nbctl -- --id=@c create Sample_Collector id=1 name=c1 probability=65535 set_id=1 -- --id=@s create Sample metadata=1 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw1 acls @a
ovn-nbctl ls-add sw2
ovn-nbctl lb-add lb2 10.0.0.2:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw2 lb2
ovn-nbctl -- --id=@c create Sample_Collector id=2 name=c2 probability=65535 set_id=2 -- --id=@s create Sample metadata=2 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw2 acls @a
ovn-nbctl ls-add sw3
ovn-nbctl acl-add sw3 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=3 name=c3 probability=65535 set_id=3 -- --id=@s create Sample metadata=3 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw3 acls @a
ovn-nbctl ls-add sw4
ovn-nbctl -- --id=@c create Sample_Collector id=4 name=c4 probability=65535 set_id=4 -- --id=@s create Sample metadata=4 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw4 acls @a
ovn-nbctl ls-add sw5
ovn-nbctl lb-add lb5 10.0.0.5:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw5 lb5
ovn-nbctl -- --id=@c create Sample_Collector id=5 name=c5 probability=65535 set_id=5 -- --id=@s create Sample metadata=5 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw5 acls @a
ovn-nbctl ls-add sw6
ovn-nbctl acl-add sw6 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=6 name=c6 probability=65535 set_id=6 -- --id=@s create Sample metadata=6 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw6 acls @a
ovn-nbctl ls-add sw7
ovn-nbctl -- --id=@c create Sample_Collector id=7 name=c7 probability=65535 set_id=7 -- --id=@s create Sample metadata=7 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw7 acls @a
ovn-nbctl ls-add sw8
ovn-nbctl lb-add lb8 10.0.0.8:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw8 lb8
ovn-nbctl -- --id=@c create Sample_Collector id=8 name=c8 probability=65535 set_id=8 -- --id=@s create Sample metadata=8 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw8 acls @a
ovn-nbctl ls-add sw9
ovn-nbctl acl-add sw9 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=9 name=c9 probability=65535 set_id=9 -- --id=@s create Sample metadata=9 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw9 acls @a
ovn-nbctl ls-add sw10
ovn-nbctl -- --id=@c create Sample_Collector id=10 name=c10 probability=65535 set_id=10 -- --id=@s create Sample metadata=10 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw10 acls @a
ovn-nbctl ls-add sw11
ovn-nbctl lb-add lb11 10.0.0.11:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw11 lb11
ovn-nbctl -- --id=@c create Sample_Collector id=11 name=c11 probability=65535 set_id=11 -- --id=@s create Sample metadata=11 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw11 acls @a
ovn-nbctl ls-add sw12
ovn-nbctl acl-add sw12 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=12 name=c12 probability=65535 set_id=12 -- --id=@s create Sample metadata=12 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw12 acls @a
ovn-nbctl ls-add sw13
ovn-nbctl -- --id=@c create Sample_Collector id=13 name=c13 probability=65535 set_id=13 -- --id=@s create Sample metadata=13 collectors=@c -- --id=@a create ACL action=reject direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw13 acls @a
ovn-nbctl ls-add sw14
ovn-nbctl lb-add lb14 10.0.0.14:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw14 lb14
ovn-nbctl -- --id=@c create Sample_Collector id=14 name=c14 probability=65535 set_id=14 -- --id=@s create Sample metadata=14 collectors=@c -- --id=@a create ACL action=reject direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw14 acls @a
ovn-nbctl ls-add sw15
ovn-nbctl acl-add sw15 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=15 name=c15 probability=65535 set_id=15 -- --id=@s create Sample metadata=15 collectors=@c -- --id=@a create ACL action=reject direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw15 acls @a
ovn-nbctl ls-add sw16
ovn-nbctl -- --id=@c create Sample_Collector id=16 name=c16 probability=65535 set_id=16 -- --id=@s create Sample metadata=16 collectors=@c -- --id=@a create ACL action=reject direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw16 acls @a
ovn-nbctl ls-add sw17
ovn-nbctl lb-add lb17 10.0.0.17:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw17 lb17
ovn-nbctl -- --id=@c create Sample_Collector id=17 name=c17 probability=65535 set_id=17 -- --id=@s create Sample metadata=17 collectors=@c -- --id=@a create ACL action=reject direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw17 acls @a
ovn-nbctl ls-add sw18
ovn-nbctl acl-add sw18 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=18 name=c18 probability=65535 set_id=18 -- --id=@s create Sample metadata=18 collectors=@c -- --id=@a create ACL action=reject direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw18 acls @a
ovn-nbctl ls-add sw19
ovn-nbctl -- --id=@c create Sample_Collector id=19 name=c19 probability=65535 set_id=19 -- --id=@s create Sample metadata=19 collectors=@c -- --id=@a create ACL action=pass direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw19 acls @a
ovn-nbctl ls-add sw20
ovn-nbctl lb-add lb20 10.0.0.20:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw20 lb20
ovn-nbctl -- --id=@c create Sample_Collector id=20 name=c20 probability=65535 set_id=20 -- --id=@s create Sample metadata=20 collectors=@c -- --id=@a create ACL action=pass direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw20 acls @a
ovn-nbctl ls-add sw21
ovn-nbctl acl-add sw21 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=21 name=c21 probability=65535 set_id=21 -- --id=@s create Sample metadata=21 collectors=@c -- --id=@a create ACL action=pass direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw21 acls @a
ovn-nbctl ls-add sw22
ovn-nbctl -- --id=@c create Sample_Collector id=22 name=c22 probability=65535 set_id=22 -- --id=@s create Sample metadata=22 collectors=@c -- --id=@a create ACL action=pass direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw22 acls @a
ovn-nbctl ls-add sw23
ovn-nbctl lb-add lb23 10.0.0.23:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw23 lb23
ovn-nbctl -- --id=@c create Sample_Collector id=23 name=c23 probability=65535 set_id=23 -- --id=@s create Sample metadata=23 collectors=@c -- --id=@a create ACL action=pass direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw23 acls @a
ovn-nbctl ls-add sw24
ovn-nbctl acl-add sw24 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=24 name=c24 probability=65535 set_id=24 -- --id=@s create Sample metadata=24 collectors=@c -- --id=@a create ACL action=pass direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw24 acls @a
ovn-nbctl ls-add sw25
ovn-nbctl -- --id=@c create Sample_Collector id=25 name=c25 probability=65535 set_id=25 -- --id=@s create Sample metadata=25 collectors=@c -- --id=@a create ACL action=allow-related direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw25 acls @a
ovn-nbctl ls-add sw26
ovn-nbctl lb-add lb26 10.0.0.26:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw26 lb26
ovn-nbctl -- --id=@c create Sample_Collector id=26 name=c26 probability=65535 set_id=26 -- --id=@s create Sample metadata=26 collectors=@c -- --id=@a create ACL action=allow-related direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw26 acls @a
ovn-nbctl ls-add sw27
ovn-nbctl acl-add sw27 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=27 name=c27 probability=65535 set_id=27 -- --id=@s create Sample metadata=27 collectors=@c -- --id=@a create ACL action=allow-related direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw27 acls @a
ovn-nbctl ls-add sw28
ovn-nbctl -- --id=@c create Sample_Collector id=28 name=c28 probability=65535 set_id=28 -- --id=@s create Sample metadata=28 collectors=@c -- --id=@a create ACL action=allow-related direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw28 acls @a
ovn-nbctl ls-add sw29
ovn-nbctl lb-add lb29 10.0.0.29:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw29 lb29
ovn-nbctl -- --id=@c create Sample_Collector id=29 name=c29 probability=65535 set_id=29 -- --id=@s create Sample metadata=29 collectors=@c -- --id=@a create ACL action=allow-related direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw29 acls @a
ovn-nbctl ls-add sw30
ovn-nbctl acl-add sw30 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=30 name=c30 probability=65535 set_id=30 -- --id=@s create Sample metadata=30 collectors=@c -- --id=@a create ACL action=allow-related direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw30 acls @a
ovn-nbctl ls-add sw31
ovn-nbctl -- --id=@c create Sample_Collector id=31 name=c31 probability=65535 set_id=31 -- --id=@s create Sample metadata=31 collectors=@c -- --id=@a create ACL action=allow-stateless direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw31 acls @a
ovn-nbctl ls-add sw32
ovn-nbctl lb-add lb32 10.0.0.32:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw32 lb32
ovn-nbctl -- --id=@c create Sample_Collector id=32 name=c32 probability=65535 set_id=32 -- --id=@s create Sample metadata=32 collectors=@c -- --id=@a create ACL action=allow-stateless direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw32 acls @a
ovn-nbctl ls-add sw33
ovn-nbctl acl-add sw33 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=33 name=c33 probability=65535 set_id=33 -- --id=@s create Sample metadata=33 collectors=@c -- --id=@a create ACL action=allow-stateless direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw33 acls @a
ovn-nbctl ls-add sw34
ovn-nbctl -- --id=@c create Sample_Collector id=34 name=c34 probability=65535 set_id=34 -- --id=@s create Sample metadata=34 collectors=@c -- --id=@a create ACL action=allow-stateless direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw34 acls @a
ovn-nbctl ls-add sw35
ovn-nbctl lb-add lb35 10.0.0.35:80 10.0.1.1:80
ovn-nbctl ls-lb-add sw35 lb35
ovn-nbctl -- --id=@c create Sample_Collector id=35 name=c35 probability=65535 set_id=35 -- --id=@s create Sample metadata=35 collectors=@c -- --id=@a create ACL action=allow-stateless direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw35 acls @a
ovn-nbctl ls-add sw36
ovn-nbctl acl-add sw36 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=36 name=c36 probability=65535 set_id=36 -- --id=@s create Sample metadata=36 collectors=@c -- --id=@a create ACL action=allow-stateless direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw36 acls @a
ovn-nbctl ls-add sw101
ovn-nbctl -- --id=@c create Sample_Collector id=101 name=c101 probability=65535 set_id=101 -- --id=@s create Sample metadata=101 collectors=@c -- --id=@t create Sample metadata=201 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw101 acls @a
ovn-nbctl ls-add sw102
ovn-nbctl -- --id=@c create Sample_Collector id=102 name=c102 probability=65535 set_id=102 -- --id=@d create Sample_Collector id=152 name=d102 probability=65535 set_id=102 -- --id=@s create Sample metadata=102 collectors=@c,@d -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw102 acls @a
ovn-nbctl ls-add sw103
ovn-nbctl -- --id=@c create Sample_Collector id=103 name=c103 probability=65535 set_id=103 -- --id=@s create Sample metadata=103 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw103 acls @a
ovn-nbctl ls-add sw104
ovn-nbctl acl-add sw104 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=104 name=c104 probability=65535 set_id=104 -- --id=@s create Sample metadata=104 collectors=@c -- --id=@t create Sample metadata=204 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw104 acls @a
ovn-nbctl ls-add sw105
ovn-nbctl acl-add sw105 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=105 name=c105 probability=65535 set_id=105 -- --id=@d create Sample_Collector id=155 name=d105 probability=65535 set_id=105 -- --id=@s create Sample metadata=105 collectors=@c,@d -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw105 acls @a
ovn-nbctl ls-add sw106
ovn-nbctl acl-add sw106 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=106 name=c106 probability=65535 set_id=106 -- --id=@s create Sample metadata=106 collectors=@c -- --id=@a create ACL action=allow direction=from-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw106 acls @a
ovn-nbctl ls-add sw107
ovn-nbctl -- --id=@c create Sample_Collector id=107 name=c107 probability=65535 set_id=107 -- --id=@s create Sample metadata=107 collectors=@c -- --id=@t create Sample metadata=207 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw107 acls @a
ovn-nbctl ls-add sw108
ovn-nbctl -- --id=@c create Sample_Collector id=108 name=c108 probability=65535 set_id=108 -- --id=@d create Sample_Collector id=158 name=d108 probability=65535 set_id=108 -- --id=@s create Sample metadata=108 collectors=@c,@d -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw108 acls @a
ovn-nbctl ls-add sw109
ovn-nbctl -- --id=@c create Sample_Collector id=109 name=c109 probability=65535 set_id=109 -- --id=@s create Sample metadata=109 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw109 acls @a
ovn-nbctl ls-add sw110
ovn-nbctl acl-add sw110 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=110 name=c110 probability=65535 set_id=110 -- --id=@s create Sample metadata=110 collectors=@c -- --id=@t create Sample metadata=210 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw110 acls @a
ovn-nbctl ls-add sw111
ovn-nbctl acl-add sw111 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=111 name=c111 probability=65535 set_id=111 -- --id=@d create Sample_Collector id=161 name=d111 probability=65535 set_id=111 -- --id=@s create Sample metadata=111 collectors=@c,@d -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw111 acls @a
ovn-nbctl ls-add sw112
ovn-nbctl acl-add sw112 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=112 name=c112 probability=65535 set_id=112 -- --id=@s create Sample metadata=112 collectors=@c -- --id=@a create ACL action=allow direction=to-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw112 acls @a
ovn-nbctl ls-add sw113
ovn-nbctl -- --id=@c create Sample_Collector id=113 name=c113 probability=65535 set_id=113 -- --id=@s create Sample metadata=113 collectors=@c -- --id=@t create Sample metadata=213 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw113 acls @a
ovn-nbctl ls-add sw114
ovn-nbctl -- --id=@c create Sample_Collector id=114 name=c114 probability=65535 set_id=114 -- --id=@d create Sample_Collector id=164 name=d114 probability=65535 set_id=114 -- --id=@s create Sample metadata=114 collectors=@c,@d -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw114 acls @a
ovn-nbctl ls-add sw115
ovn-nbctl -- --id=@c create Sample_Collector id=115 name=c115 probability=65535 set_id=115 -- --id=@s create Sample metadata=115 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw115 acls @a
ovn-nbctl ls-add sw116
ovn-nbctl acl-add sw116 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=116 name=c116 probability=65535 set_id=116 -- --id=@s create Sample metadata=116 collectors=@c -- --id=@t create Sample metadata=216 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw116 acls @a
ovn-nbctl ls-add sw117
ovn-nbctl acl-add sw117 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=117 name=c117 probability=65535 set_id=117 -- --id=@d create Sample_Collector id=167 name=d117 probability=65535 set_id=117 -- --id=@s create Sample metadata=117 collectors=@c,@d -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw117 acls @a
ovn-nbctl ls-add sw118
ovn-nbctl acl-add sw118 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=118 name=c118 probability=65535 set_id=118 -- --id=@s create Sample metadata=118 collectors=@c -- --id=@a create ACL action=drop direction=from-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw118 acls @a
ovn-nbctl ls-add sw119
ovn-nbctl -- --id=@c create Sample_Collector id=119 name=c119 probability=65535 set_id=119 -- --id=@s create Sample metadata=119 collectors=@c -- --id=@t create Sample metadata=219 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw119 acls @a
ovn-nbctl ls-add sw120
ovn-nbctl -- --id=@c create Sample_Collector id=120 name=c120 probability=65535 set_id=120 -- --id=@d create Sample_Collector id=170 name=d120 probability=65535 set_id=120 -- --id=@s create Sample metadata=120 collectors=@c,@d -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw120 acls @a
ovn-nbctl ls-add sw121
ovn-nbctl -- --id=@c create Sample_Collector id=121 name=c121 probability=65535 set_id=121 -- --id=@s create Sample metadata=121 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw121 acls @a
ovn-nbctl ls-add sw122
ovn-nbctl acl-add sw122 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=122 name=c122 probability=65535 set_id=122 -- --id=@s create Sample metadata=122 collectors=@c -- --id=@t create Sample metadata=222 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s sample_est=@t -- add Logical_Switch sw122 acls @a
ovn-nbctl ls-add sw123
ovn-nbctl acl-add sw123 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=123 name=c123 probability=65535 set_id=123 -- --id=@d create Sample_Collector id=173 name=d123 probability=65535 set_id=123 -- --id=@s create Sample metadata=123 collectors=@c,@d -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp sample_new=@s -- add Logical_Switch sw123 acls @a
ovn-nbctl ls-add sw124
ovn-nbctl acl-add sw124 to-lport 5 udp allow-related
ovn-nbctl -- --id=@c create Sample_Collector id=124 name=c124 probability=65535 set_id=124 -- --id=@s create Sample metadata=124 collectors=@c -- --id=@a create ACL action=drop direction=to-lport priority=100 match=tcp label=77 sample_new=@s -- add Logical_Switch sw124 acls @a
